CREATE TABLE orders (
    order_id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    cart_id TEXT NOT NULL,
    country TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    currency TEXT NOT NULL,
    shipping_method TEXT NOT NULL,
    shipping_minor BIGINT NOT NULL,
    -- A JSON list of what and amount: shown, never searched.
    discounts TEXT NOT NULL,
    total_minor BIGINT NOT NULL CHECK (total_minor >= 0),
    total_usd_minor BIGINT NOT NULL CHECK (total_usd_minor >= 0),
    payment_id TEXT NOT NULL,
    promo_code TEXT,
    status TEXT NOT NULL,
    placed_at_ms BIGINT NOT NULL
);

CREATE INDEX orders_customer ON orders (customer, placed_at_ms);

-- Name and price as they were: an order does not change with the catalogue.
CREATE TABLE order_items (
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    position BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    unit_minor BIGINT NOT NULL,
    PRIMARY KEY (order_id, position)
);

INSERT INTO orders (
    order_id, customer, cart_id, country, payment_method, currency, shipping_method, shipping_minor, discounts,
    total_minor, total_usd_minor, payment_id, promo_code, status, placed_at_ms
) VALUES
('ord-5eed0000000000000001', '123', 'seed-1', 'US', 'credit_card', 'USD', 'standard', 499, '[]', 16997, 16997, 'ch-5eed0000000000000000000000000001', NULL, 'paid', 1770080523000),
('ord-5eed0000000000000002', '123', 'seed-2', 'US', 'paypal', 'USD', 'standard', 499, '[]', 7394, 7394, 'ch-5eed0000000000000000000000000002', NULL, 'paid', 1770257046000),
('ord-5eed0000000000000003', '123', 'seed-3', 'US', 'credit_card', 'USD', 'standard', 499, '[]', 6196, 6196, 'ch-5eed0000000000000000000000000003', NULL, 'paid', 1770433569000),
('ord-5eed0000000000000004', '123', 'seed-4', 'US', 'debit_card', 'USD', 'standard', 499, '[]', 12198, 12198, 'ch-5eed0000000000000000000000000004', NULL, 'paid', 1770610092000),
('ord-5eed0000000000000005', '123', 'seed-5', 'US', 'credit_card', 'USD', 'standard', 499, '[]', 10247, 10247, 'ch-5eed0000000000000000000000000005', NULL, 'paid', 1770786615000),
('ord-5eed0000000000000006', '123', 'seed-6', 'US', 'paypal', 'USD', 'standard', 499, '[]', 5399, 5399, 'ch-5eed0000000000000000000000000006', NULL, 'paid', 1770963138000),
('ord-5eed0000000000000007', '789', 'seed-7', 'US', 'bank_transfer', 'USD', 'standard', 499, '[]', 9449, 9449, 'ch-5eed0000000000000000000000000007', NULL, 'paid', 1771139661000),
('ord-5eed0000000000000008', '789', 'seed-8', 'US', 'credit_card', 'USD', 'standard', 499, '[]', 15247, 15247, 'ch-5eed0000000000000000000000000008', NULL, 'paid', 1771316184000),
('ord-5eed0000000000000009', '789', 'seed-9', 'US', 'credit_card', 'USD', 'standard', 499, '[]', 11799, 11799, 'ch-5eed0000000000000000000000000009', NULL, 'paid', 1771492707000),
('ord-5eed0000000000000010', '789', 'seed-10', 'US', 'debit_card', 'USD', 'standard', 499, '[]', 7499, 7499, 'ch-5eed0000000000000000000000000010', NULL, 'paid', 1771669230000);

INSERT INTO order_items (order_id, position, product_id, name, quantity, unit_minor) VALUES
('ord-5eed0000000000000001', 0, 1, 'Wireless Headphones', 1, 12999),
('ord-5eed0000000000000001', 1, 4, 'USB-C Charger 65 W', 1, 3499),
('ord-5eed0000000000000002', 0, 8, 'A Field Guide to Outages', 1, 3900),
('ord-5eed0000000000000002', 1, 7, 'Baking Bread', 1, 2995),
('ord-5eed0000000000000003', 0, 16, 'Everyday Socks', 3, 1899),
('ord-5eed0000000000000004', 0, 10, 'Coffee Grinder', 1, 7400),
('ord-5eed0000000000000004', 1, 11, 'Cast Iron Pan', 1, 4299),
('ord-5eed0000000000000005', 0, 20, 'Marble Run', 2, 3999),
('ord-5eed0000000000000005', 1, 21, 'Plush Octopus', 1, 1750),
('ord-5eed0000000000000006', 0, 17, 'Yoga Mat', 1, 4900),
('ord-5eed0000000000000007', 0, 2, 'Mechanical Keyboard', 1, 8950),
('ord-5eed0000000000000008', 0, 15, 'Rain Jacket', 1, 10950),
('ord-5eed0000000000000008', 1, 16, 'Everyday Socks', 2, 1899),
('ord-5eed0000000000000009', 0, 13, 'Desk Lamp', 2, 5650),
('ord-5eed0000000000000010', 0, 21, 'Plush Octopus', 4, 1750);
