-- @command customer.add  One's own customer.
-- @zh 新增客户
-- @roles rep manager hq
-- @param id newid  Its id.
-- @param name text(60)  Its name.
-- @param note text(200)?  A note.
insert into customer (id, name, note, owner_id) values (:id, :name, :note, actor());

-- @command customer.add_to_pool  A customer for whoever is there.
-- @zh 新增公海客户
-- @roles rep manager hq
-- @param id newid  Its id.
-- @param name text(60)  Its name.
-- @param branch id(branch)  Whose pool.
insert into customer (id, name, branch_id) values (:id, :name, :branch);

-- @command customer.edit  Name and note.
-- @zh 修改客户
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param name text(60)?  Its name.
-- @param note text(200)?  A note.
update customer set name = coalesce(:name, name), note = coalesce(:note, note) where id = :customer;

-- @command customer.count  Count visits.
-- @zh 计数
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param times int(-50..50)  How many more.
update customer set visits = visits + :times where id = :customer;

-- @command customer.credit  How much credit it has.
-- @zh 信用额度
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param amount int(-1000000000..1000000000)  How much.
-- @param currency text(10)?  In what.
update customer set credit_minor = :amount, currency = coalesce(:currency, currency) where id = :customer;

-- @command customer.rate  Its best and its floor.
-- @zh 最好与最低
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param best int(-1000000000..1000000000)?  The greatest counts.
-- @param floor int(-1000000000..1000000000)?  The least counts.
update customer set best = coalesce(:best, best), floor_minor = coalesce(:floor, floor_minor) where id = :customer;

-- @command customer.begin  When it began: once.
-- @zh 首次合作
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param on int(0..9000000000000)  When.
update customer set first_on = :on where id = :customer and first_on is null;

-- @command customer.grade  What a manager thinks of it.
-- @zh 评级
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param grade text(20)  The grade.
update customer set grade = :grade where id = :customer;

-- @command customer.assign  Hand it over, or to a pool.
-- @zh 移交客户
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param to id(app_user)?  To whom; nobody when not given.
-- @param branch id(branch)?  To whose pool.
update customer set owner_id = :to, branch_id = coalesce(:branch, branch_id) where id = :customer;

-- @command customer.delete  Delete it.
-- @zh 删除客户
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param at int(0..9000000000000)  When.
update customer set deleted_at = :at where id = :customer;

-- @command customer.undelete  It is back.
-- @zh 恢复客户
-- @roles rep manager hq
-- @param customer any(customer)  Which.
update customer set deleted_at = null where id = :customer and deleted_at is not null;

-- @command member.add  Let somebody see a customer.
-- @zh 添加成员
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param user id(app_user)  Whom.
-- @param weight int(-1000000000..1000000000)  How much he does there.
insert into customer_member (customer_id, user_id, weight) values (:customer, :user, :weight)
    on conflict (customer_id, user_id) do update set deleted_at = null, weight = excluded.weight;

-- @command member.drop  He no longer sees it.
-- @zh 移除成员
-- @roles rep manager hq
-- @param customer id(customer)  Which.
-- @param user id(app_user)  Who.
-- @param at int(0..9000000000000)  When.
update customer_member set deleted_at = :at where customer_id = :customer and user_id = :user and deleted_at is null;

-- @command visit.log  A visit.
-- @zh 拜访
-- @roles rep manager hq
-- @param id newid  Its id.
-- @param customer id(customer)  With whom.
-- @param text text(100)  What was said.
insert into visit (id, customer_id, by_id, text) values (:id, :customer, actor(), :text);
