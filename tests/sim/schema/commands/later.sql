-- @command customer.rank  Its rank; the former version of the schema knows none.
-- @zh 排名
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param rank int(-1000000000..1000000000)  The greatest counts.
update customer set rank = :rank where id = :customer;
