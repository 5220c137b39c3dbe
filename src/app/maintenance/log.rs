//! Checkpoints of the audit log.

use crate::app::command::refusal_of_read;
use crate::app::{App, Failure, refusal_of};
use crate::domain::refusal::Refusal;

impl App {
    /// Signs the audit log if it has grown. Blocks.
    pub fn sign_log(&self) -> Result<(), Refusal> {
        let (size, signed) = self.store.read(|tx| Ok(tx.log_sizes()?)).map_err(refusal_of_read)?;
        if size == signed {
            return Ok(());
        }
        let (key, now) = (self.key.clone(), self.now());
        let ticket = self.store.submit(move |tx| tx.sign_log(&key, now).map_err(Failure::from)).map_err(refusal_of)?;
        ticket.wait().map_err(refusal_of)?.map(|_| ())
    }
}
