//! Shoppers: who comes when, what they do, and how it went. They know the shop over HTTP alone.
