-- @command person.register  Add a person.
-- @zh 新增人员
-- @roles hq admin
-- @param id newid  His id.
-- @param name text(100)  His name.
-- @param code text(63)?  A short name.
-- @param branch id(branch)?  Where he works.
-- @param manager id(app_user)?  Whom he reports to.
-- @param roles json  What he may do.
insert into app_user (id, name, code, branch_id, manager_id) values (:id, :name, coalesce(:code, :name), :branch, :manager);
insert into user_role (user_id, role_id)
select :id, r.id from role r where r.code in (select value from json_each(:roles));

-- @command person.place  Another branch and manager.
-- @zh 调动
-- @roles hq admin
-- @param person id(app_user)  Who.
-- @param branch id(branch)?  Where.
-- @param manager id(app_user)?  Under whom.
update app_user set branch_id = :branch, manager_id = :manager where id = :person;

-- @command person.activate  He works here, or no longer.
-- @zh 启用或停用
-- @roles hq admin
-- @param person id(app_user)  Who.
-- @param active bool  Whether.
update app_user set active = :active where id = :person;

-- @command role.grant  Give a role.
-- @zh 授予角色
-- @roles hq admin
-- @param person id(app_user)  Whom.
-- @param role id(role)  Which.
insert into user_role (user_id, role_id) values (:person, :role)
    on conflict (user_id, role_id) do update set deleted_at = null where deleted_at is not null;

-- @command role.take  Take a role away.
-- @zh 收回角色
-- @roles hq admin
-- @param person id(app_user)  From whom.
-- @param role id(role)  Which.
-- @param at int(0..9000000000000)  When.
update user_role set deleted_at = :at where user_id = :person and role_id = :role and deleted_at is null;

-- @command deputy.set  Somebody stands in for somebody.
-- @zh 设置代理
-- @roles manager hq
-- @param person id(app_user)  For whom.
-- @param deputy id(app_user)  Who.
insert into deputy (user_id, deputy_id) values (:person, :deputy)
    on conflict (user_id, deputy_id) do update set deleted_at = null where deleted_at is not null;

-- @command deputy.end  He is back.
-- @zh 结束代理
-- @roles manager hq
-- @param person id(app_user)  Who was away.
-- @param deputy id(app_user)  Who stood in.
-- @param at int(0..9000000000000)  When.
update deputy set deleted_at = :at where user_id = :person and deputy_id = :deputy and deleted_at is null;

-- @command branch.add  Add a branch.
-- @zh 新增网点
-- @roles hq admin
-- @param id newid  Its id.
-- @param name text(100)  Its name.
insert into branch (id, name) values (:id, :name);

-- @command setting.set  Set one of the company's settings.
-- @zh 修改设置
-- @roles hq admin
-- @may_noop
-- @param name text(63)  Its name.
-- @param value text(2000)  Its value.
insert into setting (id, name, value) values (text_key('setting/' || :name), :name, :value)
    on conflict (id) do update set value = excluded.value where setting.value <> excluded.value;

-- @command product.add  Add a product.
-- @zh 新增产品
-- @roles hq
-- @param id newid  Its id.
-- @param name text(50)  Its name.
-- @param stock int(0..1000000)  How many there are.
-- @param price int(0..1000000)  What one costs.
insert into product (id, name, stock, price_minor) values (:id, :name, :stock, :price);

-- @command product.price  Another price.
-- @zh 调价
-- @roles hq manager
-- @param product id(product)  Which.
-- @param price int(0..1000000)  What one costs now.
update product set price_minor = :price where id = :product;

-- @command product.count  Take from the stock, or put there.
-- @zh 出入库
-- @roles rep manager hq
-- @param product id(product)  Which.
-- @param count int(-1000..1000)  How many more.
update product set stock = stock + :count where id = :product;

-- @command budget.add  Add a budget.
-- @zh 新增预算
-- @roles hq
-- @param id newid  Its id.
-- @param name text(50)  Its name.
-- @param amount int(0..1000000)  How much.
insert into budget (id, name, amount) values (:id, :name, :amount);

-- @command budget.change  Change a budget.
-- @zh 修改预算
-- @roles hq
-- @param budget id(budget)  Which.
-- @param amount int(0..1000000)  How much.
update budget set amount = :amount where id = :budget;
