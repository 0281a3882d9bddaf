//! What leaves the process: one trace a step, log lines that belong to it, measurements, and nothing lost.

mod backends;
mod checkout;
mod correlation;
mod exposition;
mod load;
mod recalled;
mod sampling;
mod secrets;
mod seed;
mod standing;
mod tls;
