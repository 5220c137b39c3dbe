//! What a bucket refuses comes with the advice that fits.

use super::backups::{backup, configure, seeded};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// A service that refuses each request with this status and code of S3, until the process ends; returns the address.
fn refusing(status: &'static str, code: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
            let _ = stream.read(&mut [0; 8192]);
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

#[test]
fn each_fault_of_a_bucket_comes_with_its_own_advice() {
    let home = seeded();
    home.file("key", "access_key_id = AKIATEST\nsecret_access_key = secret\n");
    for (status, code, exit, advice) in [
        ("403 Forbidden", "RequestTimeTooSkewed", 1, "clock of this machine"),
        ("403 Forbidden", "AccessDenied", 7, "the right to read, write, list and delete"),
        ("403 Forbidden", "InvalidAccessKeyId", 8, "Correct the access key"),
        ("403 Forbidden", "SignatureDoesNotMatch", 8, "Correct the access key"),
        ("503 Slow Down", "SlowDown", 1, "Try again later"),
        ("429 Too Many Requests", "TooManyRequests", 1, "Try again later"),
        ("301 Moved Permanently", "PermanentRedirect", 1, "backup.s3_region"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", 1, "backup.s3_region"),
        ("404 Not Found", "NoSuchBucket", 1, "Mount or create it"),
        ("500 Internal Server Error", "InternalError", 1, "reachable"),
    ] {
        let endpoint = refusing(status, code);
        configure(
            &home,
            &format!(
                "directories = []\ns3_bucket = \"vault\"\ns3_endpoint = \"http://{endpoint}\"\n\
                 s3_credentials_file = \"key\"\ns3_timeout_s = 1"
            ),
        );
        let error = backup(&home, &["list"]).error(exit);
        assert!(error["next"].as_str().unwrap().contains(advice), "{status} {code}: {error}");
    }
}
