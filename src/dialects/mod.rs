//! The API dialects: each speaks one documented interface over the same core. No dialect names another; what they share
//! is in [`kit`].

/// The list of dialects, passed to another macro: for each its type, its name in the configuration and the banner, its
/// default path, its constructor, and its own configuration keys. The first one answers where no dialect is mounted.
macro_rules! dialects {
    ($with:ident) => {
        $with! {
            /// The native API, which covers all of bursar.
            Native native = "/", |_| std::sync::Arc::new($crate::dialects::native::Native), {}
            /// B2Core Back Office API v2.
            B2Core b2core = "/b2core", $crate::dialects::b2core::B2Core::new, {
                /// Seconds until an access token expires.
                access_token_s: u64 = 3600, in 60..=86_400;
                /// Days until a refresh token expires.
                refresh_token_days: u64 = 30, in 1..=365;
            }
            /// Midaz v1: organizations, ledgers, instruments, portfolios, products and accounts.
            Midaz midaz = "/midaz", $crate::dialects::midaz::Midaz::new, {
                /// Whether accounts can be opened with a balance, as a correction; in sandboxes they always can.
                opening_balances: bool = false;
            }
            /// Upvest Investment API: users, account groups, accounts and webhooks.
            Upvest upvest = "/upvest", $crate::dialects::upvest::Upvest::new, {
                /// The account group of accounts of type TRADING, by its code.
                trading_group: String = "live-standard".into();
                /// The account group of accounts of type PORTFOLIO, by its code.
                portfolio_group: String = "live-standard".into();
                /// The currency of accounts that are opened here, and of cash balances.
                currency: String = "EUR".into();
                /// Whether new users wait for the approval of an operator.
                manual_approval: bool = false;
                /// Whether clients without a registered public key are refused; those with one always sign.
                require_signatures: bool = false;
            }
            /// Q2 Helix (formerly CorePro): customers of a bank and their accounts.
            Helix helix = "/helix", $crate::dialects::helix::Helix::new, {}
        }
    };
}

pub mod b2core;
pub mod helix;
pub mod kit;
pub mod midaz;
pub mod native;
pub mod upvest;
