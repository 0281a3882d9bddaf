-- What is to be charged, written before the charge and removed with it: by the order it paid for, or by its refund.
CREATE TABLE payment_intents (
    payment_key TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    customer TEXT NOT NULL,
    country TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    -- open: an order may still be made of it. refunding: none can be made any more.
    state TEXT NOT NULL,
    -- How often a refund was tried.
    attempts BIGINT NOT NULL,
    begun_at_ms BIGINT NOT NULL,
    -- From when on it is refunded by whoever finds it.
    due_at_ms BIGINT NOT NULL
);

-- An order is paid for once.
CREATE UNIQUE INDEX payment_intents_open ON payment_intents (order_id) WHERE state = 'open';
