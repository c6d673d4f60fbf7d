-- @query customer.list  The customers.
-- @zh 客户
select id, name, visits, owner_id from customer where deleted_at is null order by name, id;

-- @query notice.list  What one was told.
-- @zh 通知
select id, kind, title, read_at from notice where user_id = actor() order by id;
