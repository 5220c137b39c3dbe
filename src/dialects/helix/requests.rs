//! The bodies of requests. Clients send many values as texts, so every member takes a text, a number or a boolean.

use super::fields::Sent;
use crate::dialects::kit::AtMost;
use serde::Deserialize;
use utoipa::ToSchema;

/// Defines a body whose members are all optional; the handlers say which they need.
macro_rules! request {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$about:meta])* $member:ident: $type:ty,)+ }
        $({ $($list:ident: [$item:ty],)+ })?
    ) => {
        $(#[$doc])*
        #[derive(Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name {
            $($(#[$about])* #[schema(value_type = Option<$type>)] pub(super) $member: Sent,)+
            $($(#[schema(value_type = Option<Vec<$item>>)] pub(super) $list: Option<AtMost<$item, ITEMS_MAX>>,)+)?
        }
    };
}

/// The most phones or addresses.
pub(super) const ITEMS_MAX: usize = 10;

request! {
    /// A customer to create or to change. In a change, what is omitted, null or an empty list stays.
    CustomerBody {
        /// Required in a change.
        customer_id: i64,
        /// Required in a new customer.
        first_name: String,
        middle_name: String,
        /// Required in a new customer.
        last_name: String,
        suffix: String,
        /// Such as 1985-01-31 or 01/31/1985.
        birth_date: String,
        gender: String,
        culture: String,
        /// The caller's own id, unique among customers.
        tag: String,
        /// Never shown in full.
        tax_id: String,
        email_address: String,
        custom_field1: String,
        custom_field2: String,
        custom_field3: String,
        custom_field4: String,
        custom_field5: String,
        is_subject_to_backup_withholding: bool,
        is_opted_in_to_bank_communication: bool,
        is_documents_accepted: bool,
    }
    {
        phones: [PhoneBody],
        addresses: [AddressBody],
    }
}

request! {
    /// A phone number.
    PhoneBody {
        phone_type: String,
        number: String,
        is_active: bool,
    }
}

request! {
    /// A postal address.
    AddressBody {
        address_type: String,
        address_line1: String,
        address_line2: String,
        address_line3: String,
        address_line4: String,
        city: String,
        state: String,
        postal_code: String,
        country: String,
        is_active: bool,
    }
}

request! {
    /// The customer that a call is about.
    CustomerKey {
        customer_id: i64,
    }
}

request! {
    /// An account to create or to change. In a change, what is omitted or null stays, and what is fixed is ignored.
    AccountBody {
        customer_id: i64,
        /// Required in a change.
        account_id: i64,
        /// Required in a new account; unique among the accounts of the customer.
        name: String,
        /// Required in a new account, unless `type` is given.
        product_id: i64,
        /// Checking, Savings, Prepaid or ForBenefitOf: the first product of this type.
        r#type: String,
        /// Digits; fixed. Generated if it is omitted.
        account_number: String,
        /// The caller's own id, unique among accounts.
        tag: String,
        category: String,
        sub_category: String,
        /// At most 100 characters.
        legal_name1: String,
        /// At most 100 characters.
        legal_name2: String,
        /// Fixed; true if it is omitted.
        is_closeable: bool,
        target_amount: f64,
        /// In the future.
        target_date: String,
        /// Monthly, BiWeekly or None.
        recurring_contribution_type: String,
        recurring_contribution_amount: f64,
        /// A verified external account of the customer.
        recurring_contribution_from_external_account_id: i64,
        /// On a day up to the 28th.
        recurring_contribution_start_date: String,
        /// After the start.
        recurring_contribution_end_date: String,
        custom_field1: String,
        custom_field2: String,
        custom_field3: String,
        custom_field4: String,
        custom_field5: String,
    }
}

request! {
    /// An account to close.
    CloseBody {
        customer_id: i64,
        account_id: i64,
        /// Required if there is a balance: another account of the customer, or a verified external account.
        close_to_account_id: i64,
        transaction_tag: String,
        /// Fraud, Never funded, BSA Reasons, Relationship Ended, Deceased or Other.
        close_reason: String,
        /// Required with Other.
        close_reason_notes: String,
    }
}

request! {
    /// A lock.
    LockBody {
        customer_id: i64,
        account_id: i64,
        /// CST or SYS.
        lock_type_code: String,
        /// UNK, FRD, ADM, TMP or FRZ.
        lock_reason_type_code: String,
    }
}

request! {
    /// The account that a call is about.
    AccountKeyBody {
        customer_id: i64,
        account_id: i64,
    }
}

request! {
    /// A hold.
    HoldBody {
        customer_id: i64,
        account_id: i64,
        /// Above zero.
        amount: f64,
        /// Another name of `amount`.
        hold_amount: f64,
        reason: String,
        /// The midnight at which it ends by itself; in the future.
        expiration_date: String,
    }
}

request! {
    /// The access of a customer to an account.
    AccessBody {
        account_id: i64,
        /// The customer on whose behalf the access changes.
        customer_id: i64,
        target_customer_id: i64,
        /// FULL, RDONLY or NONE.
        access_type_code: String,
        /// From 1, the primary customer.
        customer_priority: i64,
    }
}

request! {
    /// A transfer.
    TransferBody {
        customer_id: i64,
        /// Of an account, an external account or a reserve.
        from_id: i64,
        /// Of an account, an external account or a reserve.
        to_id: i64,
        /// Above zero.
        amount: f64,
        /// The caller's own id, unique among transfers.
        tag: String,
        /// At most 255 characters.
        description: String,
    }
}

request! {
    /// A transfer to take back: by its id or its tag.
    VoidBody {
        customer_id: i64,
        transaction_id: i64,
        tag: String,
    }
}

request! {
    /// An external account to add or to change. In a change, what is omitted or null stays; what is fixed is ignored.
    ExternalBody {
        customer_id: i64,
        /// Required in a change.
        external_account_id: i64,
        /// Nine digits; fixed.
        routing_number: String,
        /// At most 17 letters and digits; fixed.
        account_number: String,
        /// Checking or Savings; fixed.
        r#type: String,
        /// Of the person who holds it; fixed.
        first_name: String,
        last_name: String,
        /// The company that holds it, if no person does; fixed.
        business_name: String,
        nick_name: String,
        /// The caller's own id, unique among external accounts.
        tag: String,
        custom_field1: String,
        custom_field2: String,
        custom_field3: String,
        custom_field4: String,
        custom_field5: String,
    }
}

request! {
    /// The external account that a call is about.
    ExternalKeyBody {
        customer_id: i64,
        external_account_id: i64,
    }
}

request! {
    /// The amounts of the two deposits that verify an external account.
    VerifyBody {
        customer_id: i64,
        external_account_id: i64,
        amount1: f64,
        amount2: f64,
    }
}

request! {
    /// What customers to find; all that is sent must match.
    SearchBody {
        tag: String,
        tax_id: String,
        birth_date: String,
        email_address: String,
        last_name: String,
        first_name: String,
    }
}
