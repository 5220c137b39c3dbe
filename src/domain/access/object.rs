//! What the rows of the audit log are about.

use crate::domain::named::named_enum;

named_enum! {
    /// The kind of object that an action changed, as stored in the audit log.
    pub enum ObjectKind {
        Client = "client",
        Account = "account",
        Movement = "movement",
        /// An account of a client at another bank.
        ExternalAccount = "external_account",
        Entry = "entry",
        /// A request in the approval queue.
        Approval = "approval",
        Operator = "operator",
        Token = "token",
        /// A program with credentials for one API.
        ApiClient = "api_client",
        /// A key that signs end-user tokens; its id is the `kid`.
        SigningKey = "signing_key",
        /// An event of a trading platform that waits.
        ParkedEvent = "parked_event",
        /// What an operator should look at.
        Alert = "alert",
        Organization = "organization",
        Ledger = "ledger",
        Instrument = "instrument",
        Portfolio = "portfolio",
        /// An account group that a caller made.
        Product = "product",
        Webhook = "webhook",
        /// The database as a whole: reference data, restores, the clock.
        Installation = "installation",
    }
}
