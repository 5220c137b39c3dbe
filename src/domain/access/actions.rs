//! The rights that actions take, as the audit of past actions needs them. A test compares them with the commands.

use crate::domain::access::Right;

impl Right {
    /// The right that everybody who did this needed, by the name of the action in the audit log. None if it depends on
    /// the object or on the parts, if none is needed, and for actions of other versions.
    pub fn of_action(action: &str) -> Option<Right> {
        Some(match action.strip_suffix(".rehearse").unwrap_or(action) {
            "login" | "token.refresh" | "token.reuse" => Right::ReadReference,
            "operator.change_own_password" | "token.revoke_own" => Right::ManageSelf,
            "profile.create"
            | "profile.import"
            | "profile.register"
            | "profile.replace"
            | "profile.change"
            | "profile.approve"
            | "profile.deny"
            | "profile.report_death"
            | "profile.archive" => Right::WriteProfiles,
            "profile.change_password" => Right::SetPasswords,
            "session.begin" => Right::IssueSessions,
            "account.open"
            | "account.import"
            | "account.change"
            | "account.change_details"
            | "account.open_for_client"
            | "account.change_for_client"
            | "account.lock_for_client"
            | "account.unlock_for_client"
            | "account.close_for_client"
            | "account.add_holder"
            | "account.edit_holder"
            | "account.remove_holder"
            | "account.archive"
            | "account.lock"
            | "account.unlock"
            | "account.approve"
            | "account.set_state"
            | "account.close"
            | "account.add_owner"
            | "account.alter_owner"
            | "account.remove_owner"
            | "account.link"
            | "account.nest"
            | "account.edit"
            | "account.delete"
            | "portfolio.create"
            | "portfolio.change"
            | "portfolio.delete"
            | "product.create"
            | "product.change"
            | "product.delete" => Right::WriteAccounts,
            "funds.post"
            | "transfer"
            | "entry.reverse"
            | "deposit.announce"
            | "deposit.settle"
            | "deposit.return"
            | "deposit.make"
            | "withdrawal.request"
            | "withdrawal.approve"
            | "withdrawal.pay"
            | "withdrawal.void"
            | "hold.place_for_client"
            | "hold.release_for_client"
            | "transfer.for_client"
            | "reserve.move"
            | "hold.place"
            | "hold.capture"
            | "hold.release"
            | "job.run"
            | "job.postpone"
            | "platform.drop"
            | "alert.resolve" => Right::MoveFunds,
            "platform.feed" => Right::FeedPlatform,
            "webhook.register"
            | "webhook.change"
            | "webhook.delete"
            | "webhook.rotate_secret"
            | "webhook.test"
            | "webhook.replay"
            | "webhook.redeliver" => Right::WriteWebhooks,
            "operator.add"
            | "operator.update"
            | "operator.disable"
            | "operator.reset_password"
            | "token.create"
            | "token.revoke"
            | "api_client.create"
            | "api_client.rotate"
            | "api_client.revoke"
            | "keys.rotate"
            | "keys.erase"
            | "profile.erase"
            | "reference.apply"
            | "organization.create"
            | "organization.change"
            | "organization.delete"
            | "ledger.create"
            | "ledger.change"
            | "ledger.delete"
            | "instrument.create"
            | "instrument.change"
            | "instrument.delete"
            | "restore.resume"
            | "webhook.pause"
            | "clock.accept"
            | "reserve.number"
            | "sandbox.clock"
            | "sandbox.reset" => Right::Administer,
            _ => return None,
        })
    }
}
