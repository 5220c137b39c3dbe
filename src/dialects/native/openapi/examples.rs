//! Examples of request bodies. A test sends each to a server, with the ids replaced by those of existing objects.

use serde_json::{Value, json};

const PROFILE: &str = "0198c1f0-2b6a-7c11-9a54-0c3f7c1f2b10";
const ACCOUNT: &str = "0198c1f2-51c4-7d02-8b1e-5f0a9d3c7e21";
const OTHER_ACCOUNT: &str = "0198c1f3-0c3b-7e5a-a1f4-2d6b8c9e0f32";
const GROUP: &str = "0198c1ef-7a90-7b3c-9c2d-8e4f1a5b6c43";

pub(super) fn request(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST", "/webhooks") => json!({
            "url": "https://crm.example.com/events",
            "types": ["account.*", "entry.posted"],
            "description": "CRM",
        }),
        ("PUT", "/webhooks/{id}") => json!({ "enabled": false }),
        ("POST", "/webhooks/{id}/replay") => json!({ "after": "0" }),
        ("POST", "/user/login") => json!({ "username": "ops@broker.example", "password": "correct horse" }),
        ("POST", "/user/password") => json!({ "currentPassword": "correct horse", "newPassword": "battery staple" }),
        ("POST", "/trade/login") => json!({ "email": "jane.doe@example.com", "password": "staple-and-battery" }),
        ("POST", "/trade/introspect") => {
            json!({ "token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTk4YzFmMCJ9.c2lnbmF0dXJl" })
        }
        ("POST", "/profiles") => json!({
            "email": "jane.doe@example.com",
            "firstName": "Jane",
            "lastName": "Doe",
            "country": "CH",
            "birthDate": "1990-04-12",
            "password": "staple-and-battery",
            "tags": ["zurich"],
            "reference": "crm-4711",
            "customFields": { "desk": "zrh" },
            "metadata": { "score": 7.5, "vip": true },
        }),
        ("PUT", "/profiles/{id}") => json!({
            "email": "jane.roe@example.com",
            "firstName": "Jane",
            "lastName": "Roe",
            "country": "CH",
        }),
        ("PUT", "/profiles/change-password") => json!({ "id": PROFILE, "newPassword": "another-long-one" }),
        ("POST", "/profiles/{id}/deceased") => json!({ "deceasedOn": "2024-05-17" }),
        ("POST", "/accounts") => json!({
            "profileId": PROFILE,
            "groupId": GROUP,
            "currency": "USD",
            "name": "Jane's first",
            "maxLeverage": "30",
        }),
        ("PUT", "/accounts/{id}") => json!({ "status": "TRADE_STATUS_CLOSE_ONLY", "maxLeverage": "20" }),
        ("PUT", "/accounts/{id}/details") => json!({ "legalName1": "Jane Doe", "targetAmount": "500.00" }),
        ("POST", "/accounts/{id}/lock") => json!({ "lock": "CREDITS_ONLY", "type": "CST", "reason": "ADM" }),
        ("POST", "/accounts/{id}/close") => json!({ "sweepToAccountId": OTHER_ACCOUNT }),
        ("POST", "/accounts/{id}/owners") => json!({ "profileId": PROFILE, "access": "READ" }),
        ("PUT", "/accounts/{id}/owners/{profileId}") => json!({ "access": "FULL", "priority": 2 }),
        ("POST", "/accounts/{id}/deposit") => json!({ "amount": "10000.00", "comment": "Opening deposit" }),
        ("POST", "/accounts/{id}/withdraw") => json!({ "amount": "250.00", "comment": "To the bank account" }),
        ("POST", "/accounts/{id}/balance") => {
            json!({ "amount": "-12.50", "action": "DEAL_ACTION_FEE", "comment": "Wire fee" })
        }
        ("POST", "/accounts/{id}/deposits") => json!({ "amount": "500.00", "reason": "Wire", "reference": "wire-815" }),
        ("POST", "/accounts/{id}/withdrawals") => {
            json!({ "amount": "250.00", "reason": "Rent", "reference": "out-42" })
        }
        ("POST", "/accounts/{id}/holds") => json!({ "amount": "100.00", "reason": "Card authorization" }),
        ("POST", "/platform/events") => json!({
            "kind": "execution",
            "platform": "mt5",
            "eventId": "d-1001",
            "account": "2100000001",
            "at": "2026-03-02T08:15:00.120Z",
            "sequence": 17,
            "executionId": "1001",
            "orderId": "900",
            "positionRef": "77",
            "entry": "in",
            "symbol": "EURUSD",
            "side": "BUY",
            "quantity": "0.50",
            "price": "1.08370",
            "profitRate": "0.9228",
            "booked": { "commission": "-1.75" },
        }),
        ("POST", "/platform/parked/{id}/drop") => json!({ "reason": "Test of the feed" }),
        ("POST", "/platform/alerts/{id}/resolve") => json!({ "reason": "Agreed with the platform" }),
        ("PUT", "/accounts/{id}/platform-accounts/{platform}") => json!({ "number": "500123" }),
        ("POST", "/holds/{id}/capture") => json!({ "amount": "40.00" }),
        ("POST", "/transfers") => json!({
            "fromAccountId": ACCOUNT,
            "toAccountId": OTHER_ACCOUNT,
            "amount": "100.00",
            "reason": "To savings",
        }),
        ("POST", "/profiles/{id}/external-accounts") => json!({
            "kind": "CHECKING",
            "routingNumber": "123456789",
            "number": "000123456789",
            "firstName": "Jane",
            "lastName": "Doe",
            "nickname": "Salary",
        }),
        ("PUT", "/external-accounts/{id}") => json!({ "nickname": "Rent", "customFields": { "desk": "zrh" } }),
        ("POST", "/external-accounts/{id}/verify") => json!({ "firstAmount": "0.18", "secondAmount": "0.28" }),
        ("PUT", "/accounts/{id}/contribution") => json!({ "frequency": "NONE", "endOn": "" }),
        ("POST", "/approvals/{id}/reject") => json!({ "reason": "The rate is a typing error" }),
        ("POST", "/entries/{id}/reverse") => json!({ "reason": "Booked twice" }),
        ("POST", "/batch") => json!({
            "atomic": true,
            "operations": [
                { "operation": "deposit", "accountId": ACCOUNT, "amount": "100.00", "comment": "Salary" },
                { "operation": "transfer", "fromAccountId": ACCOUNT, "toAccountId": OTHER_ACCOUNT, "amount": "40.00" },
            ],
        }),
        ("POST", "/sandbox/clock") => json!({ "advance": 86_400 }),
        _ => return None,
    })
}
