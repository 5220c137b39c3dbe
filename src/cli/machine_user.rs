//! The user of this machine who gives a command, for the audit log: the name of the user it runs as and, where the
//! kernel keeps it, of the user who logged in, which stays the same under `sudo` and `su`.

use std::fs;
use std::os::fd::AsFd;

use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;

/// The user who runs this process, such as `root`, or `ada as bursar` after `sudo -u bursar`.
pub(super) fn of_this_process() -> String {
    described(getuid().as_raw(), login_user("self"))
}

/// The user of the process at the other end of a socket, as the kernel reports it.
pub(super) fn of_peer(socket: impl AsFd) -> String {
    match socket_peercred(socket) {
        Ok(peer) => described(peer.uid.as_raw(), login_user(&peer.pid.as_raw_nonzero().to_string())),
        Err(error) => {
            tracing::warn!(%error, "the user who gave a command cannot be told");
            "unknown".to_owned()
        }
    }
}

fn described(user: u32, login: Option<u32>) -> String {
    match login.filter(|login| *login != user) {
        Some(login) => format!("{} as {}", shown(login), shown(user)),
        None => shown(user),
    }
}

fn shown(user: u32) -> String {
    name_of(user).unwrap_or_else(|| format!("uid {user}"))
}

/// The user who logged in to the session of a process. `None` if nobody did, such as for services and in containers.
fn login_user(process: &str) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/loginuid")).ok()?;
    // The kernel writes the highest number for none.
    text.trim().parse().ok().filter(|user| *user != u32::MAX)
}

/// The name of a user of this machine; `None` if the list of users does not have it.
pub(super) fn name_of(user: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_who_logged_in_is_named_beside_the_one_it_acts_as() {
        assert_eq!(described(0, None), "root");
        assert_eq!(described(0, Some(0)), "root");
        assert_eq!(described(0, Some(4_000_000)), "uid 4000000 as root");
    }

    #[test]
    fn both_ends_of_a_socket_see_the_same_user() {
        let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(of_peer(&ours), of_this_process());
    }
}
