//! How bodies and answers travel: character encodings, compression, and what HTTP/1.0 clients get.

use super::harness::{Caller, PATIENCE, Reply, Server, unique};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

const MARK: &[u8] = b"\xef\xbb\xbf";

fn post(caller: &Caller<'_>, path: &str, content_type: &str, body: &[u8]) -> Reply {
    caller.send("POST", path, Some(content_type), Some(body))
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let marked = |text: &str| [MARK, text.as_bytes()].concat();
    let send = |path: &str, text: &str| post(&admin, path, "application/json", &marked(text));
    // On a route that refuses unknown members, and one that ignores them.
    send(&format!("/accounts/{account}/deposit"), r#"{"amount":"3"}"#).ok();
    send("/profiles", &json!({"email": unique("mark") + "@example.com", "more": 1}).to_string()).ok();
    assert_eq!(admin.balance(&account), "3.00");
    // An error still knows which fields were sent.
    send(&format!("/accounts/{account}/withdraw"), r#"{"amount":"4"}"#).refused("INSUFFICIENT_FUNDS").naming("amount");
    // Only one mark, and only in front.
    send(&format!("/accounts/{account}/deposit"), "\u{feff}{\"amount\":1}").refused("MALFORMED_BODY");
    // A mark alone is an empty body.
    let hold = admin.ask(&account, "holds", "1");
    post(&admin, &format!("/holds/{hold}/release"), "application/json", MARK).ok();
    let b2core = json!({"email": "dev", "password": "wrong"});
    let reply = send("/b2core/api/v2/signin", &b2core.to_string());
    assert_eq!(reply.status, 401, "{}", reply.text);
}

#[test]
fn only_utf8_is_read() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let text = r#"{"amount":1}"#;
    for good in ["application/json;charset=UTF-8", "application/json; charset=\"utf-8\"", "application/json; v=1"] {
        post(&admin, &path, good, text.as_bytes()).ok();
    }
    for bad in ["application/json; charset=utf-16", "application/json;charset=iso-8859-1", "text/json; charset=utf-8"] {
        let reply = post(&admin, &path, bad, text.as_bytes()).refused("WRONG_CONTENT_TYPE");
        assert!(reply.text_at("message").contains("UTF-8"), "{}", reply.text);
    }
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
    for body in [&little, &big, &[b"\xff\xfe", &little[..]].concat(), &[b"\xfe\xff", &big[..]].concat()] {
        let reply = post(&admin, &path, "application/json", body).refused("MALFORMED_BODY");
        assert!(reply.text_at("message").contains("UTF-16"), "{}", reply.text);
    }
    assert_eq!(admin.balance(&account), "3.00");
}

#[test]
fn compressed_bodies_are_refused_by_their_header() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/deposit");
    let plain = json!({"amount": 1});
    for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "nonsense"] {
        // Whether or not the body is what the header says, it is never taken for JSON.
        let encoded = admin.with("Content-Encoding", coding);
        let reply = encoded.post(&path, &plain).refused("WRONG_CONTENT_ENCODING").naming("Content-Encoding");
        assert_eq!(reply.header("accept-encoding"), Some("identity"));
        post(&encoded, &path, "application/json", b"\x1f\x8b\x08\x00").refused("WRONG_CONTENT_ENCODING");
    }
    let twice = admin.with("Content-Encoding", "identity").with("Content-Encoding", "gzip");
    twice.post(&path, &plain).refused("WRONG_CONTENT_ENCODING");
    let reply = admin.with("Content-Encoding", "gzip").post("/b2core/api/v2/signin", &plain);
    assert_eq!((reply.status, reply.json()["code"].as_str()), (415, Some("validation_failed")), "{}", reply.text);
    assert_eq!(admin.balance(&account), "0.00");
    admin.with("Content-Encoding", "identity").post(&path, &plain).ok();
    admin.with("Content-Encoding", "gzip").get("/options/currencies").ok();
}

#[test]
fn clients_of_http_1_0_get_no_chunks() {
    let server = Server::shared();
    let token = server.banner["token"].as_str().unwrap();
    let ask = |path: &str, accept: &str| {
        format!("GET {path} HTTP/1.0\r\nAccept: {accept}\r\nAuthorization: Bearer {token}\r\n\r\n")
    };
    let whole = server.raw(ask("/options/currencies", "application/json").as_bytes()).to_lowercase();
    assert!(whole.starts_with("http/1.0 200"), "{whole}");
    assert!(whole.contains("\r\ncontent-length: ") && !whole.contains("transfer-encoding"), "{whole}");

    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(ask("/events", "text/event-stream").as_bytes()).unwrap();
    let mut came = Vec::new();
    let mut byte = [0];
    while !came.ends_with(b": events follow\n") && stream.read(&mut byte).unwrap() > 0 {
        came.push(byte[0]);
    }
    let came = String::from_utf8(came).unwrap();
    let (head, body) = came.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{came}");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{came}");
    assert_eq!(body, ": events follow\n", "the size of a chunk is in front");
}
