//! How the feed of a trading platform is read.

use crate::domain::named::named_enum;

named_enum! {
    /// The unit of a quantity in the feed.
    #[derive(Default)]
    pub enum VolumeUnit {
        #[default]
        Lots = "lots",
        /// Of the underlying: one lot is the contract size.
        Units = "units",
        /// Hundredths of a lot.
        Hundredths = "hundredths",
    }
}

named_enum! {
    /// What books swap at a platform, so that it is not booked twice.
    #[derive(Default)]
    pub enum SwapBookedBy {
        #[default]
        DailyEvent = "daily_event",
        ClosingDeal = "closing_deal",
    }
}
