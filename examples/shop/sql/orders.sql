-- One row for each order that was paid; test accounts are no customers.
SELECT user_id, ordered_at, amount, items
FROM orders
WHERE status = 'paid' AND NOT is_test
