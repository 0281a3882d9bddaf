CREATE TABLE products (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    price_minor BIGINT NOT NULL CHECK (price_minor > 0),
    category TEXT NOT NULL,
    sold BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    deleted BOOLEAN NOT NULL
);

-- The name of a deleted product is free again.
CREATE UNIQUE INDEX products_name ON products (name) WHERE NOT deleted;
CREATE INDEX products_category ON products (category);

-- One row: the last number given. Both engines know this; neither's own way of counting is known to the other.
CREATE TABLE product_ids (
    last_id BIGINT NOT NULL
);

-- Orders whose sales are counted, so that a repeated question counts nothing twice.
CREATE TABLE counted_orders (
    order_id TEXT PRIMARY KEY
);

CREATE VIEW popular_products AS
SELECT id, name, description, price_minor, category, sold, created_at_ms
FROM products
WHERE NOT deleted;

INSERT INTO products (id, name, description, price_minor, category, sold, created_at_ms, search_text, deleted) VALUES
(1, 'Wireless Headphones', 'Over-ear, noise cancelling, thirty hours on one charge.', 12999, 'electronics', 214, 1767225600000, '', FALSE),
(2, 'Mechanical Keyboard', 'Tactile switches, compact layout, made to be repaired.', 8950, 'electronics', 131, 1767225600000, '', FALSE),
(3, 'Smart Watch', 'Heart rate, sleep and a week of battery.', 19900, 'electronics', 176, 1767225600000, '', FALSE),
(4, 'USB-C Charger 65 W', 'Two ports, folds flat, charges a laptop.', 3499, 'electronics', 298, 1767225600000, '', FALSE),
(5, '27-inch Monitor', 'Four million pixels and a stand that turns.', 27900, 'electronics', 64, 1767225600000, '', FALSE),
(6, 'The Pocket Atlas', 'Every country on one page, redrawn for small hands and big tables.', 2450, 'books', 87, 1767312000000, '', FALSE),
(7, 'Baking Bread', 'Sixty loaves from a home oven, by weight.', 2995, 'books', 119, 1767312000000, '', FALSE),
(8, 'A Field Guide to Outages', 'What broke, who noticed, and what the graphs said at the time.', 3900, 'books', 153, 1767312000000, '', FALSE),
(9, 'Letters from the Night Train', 'A novel in forty-one stations.', 1699, 'books', 72, 1767312000000, '', FALSE),
(10, 'Coffee Grinder', 'Steel burrs, forty settings, quiet enough for six in the morning.', 7400, 'home', 141, 1767398400000, '', FALSE),
(11, 'Cast Iron Pan', 'Twenty-eight centimetres, seasoned, lasts longer than the kitchen.', 4299, 'home', 167, 1767398400000, '', FALSE),
(12, 'Linen Bed Set', 'Washed linen, duvet cover and two pillow cases.', 11900, 'home', 48, 1767398400000, '', FALSE),
(13, 'Desk Lamp', 'Warm to daylight, remembers what you liked.', 5650, 'home', 95, 1767398400000, '', FALSE),
(14, 'Merino Sweater', 'Fine wool, round neck, does not itch.', 7990, 'clothing', 103, 1767484800000, '', FALSE),
(15, 'Rain Jacket', 'Taped seams, packs into its own pocket.', 10950, 'clothing', 126, 1767484800000, '', FALSE),
(16, 'Everyday Socks', 'Five pairs, organic cotton.', 1899, 'clothing', 341, 1767484800000, '', FALSE),
(17, 'Yoga Mat', 'Natural rubber, grips when wet.', 4900, 'sports', 158, 1767571200000, '', FALSE),
(18, 'Running Belt', 'Holds a phone and two gels, does not bounce.', 2250, 'sports', 92, 1767571200000, '', FALSE),
(19, 'Adjustable Dumbbell', 'Two to twenty kilos in one handle.', 14900, 'sports', 39, 1767571200000, '', FALSE),
(20, 'Marble Run', 'One hundred and twenty wooden pieces and no instructions.', 3999, 'toys', 184, 1767657600000, '', FALSE),
(21, 'Plush Octopus', 'Eight arms for hugging, washable.', 1750, 'toys', 227, 1767657600000, '', FALSE);

-- The same text as the model makes; all of it is ASCII here, where the engines agree.
UPDATE products SET search_text = LOWER(name || '|' || description);

INSERT INTO product_ids (last_id) VALUES (21);
