//! Third parties: what belongs to somebody else and sends no signals of its own. They keep their state in memory.

pub mod crm;
pub mod inventory;
pub mod payment_provider;
