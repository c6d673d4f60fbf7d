-- @command deal.add  A deal.
-- @zh 新增商机
-- @roles rep manager hq
-- @param id newid  Its id.
-- @param customer id(customer)?  With whom.
-- @param title text(60)  What it is called.
-- @param branch id(branch)?  Whose it is, too.
insert into deal (id, customer_id, title, branch_id, owner_id) values (:id, :customer, :title, :branch, actor());

-- @command deal.edit  Title and customer.
-- @zh 修改商机
-- @roles rep manager hq
-- @param deal id(deal)  Which.
-- @param title text(60)?  What it is called.
-- @param customer id(customer)?  With whom.
-- @param branch id(branch)?  Whose it is, too.
update deal set title = coalesce(:title, title), customer_id = coalesce(:customer, customer_id),
                branch_id = coalesce(:branch, branch_id)
 where id = :deal;

-- @command deal.amount  How much it is worth.
-- @zh 商机金额
-- @roles rep manager hq
-- @param deal id(deal)  Which.
-- @param amount int(-1000000000..1000000000)  How much.
-- @param currency text(10)?  In what.
update deal set amount_minor = :amount, currency = coalesce(:currency, currency) where id = :deal;

-- @command deal.move  A step.
-- @zh 推进商机
-- @roles rep manager hq
-- @param step newid  The step's id.
-- @param deal id(deal)  Which.
-- @param to enum(open|offer|won|lost)  Where to.
-- @param note text(100)?  Why.
select require(stage <> :to, 'deal.there_already', 'to', 'It is there already.') from deal where id = :deal;
insert into deal_step (id, deal_id, from_stage, to_stage, note) select :step, id, stage, :to, :note from deal where id = :deal;
update deal set stage = :to, stage_note = :note where id = :deal;

-- @command deal.leap  A stage without its step: headquarters refuses it.
-- @zh 跳过步骤
-- @roles rep manager hq
-- @param deal id(deal)  Which.
-- @param to enum(open|offer|won|lost)  Where to.
update deal set stage = :to where id = :deal;

-- @command deal.pay  When it was paid: once.
-- @zh 付款
-- @roles rep manager hq
-- @param deal id(deal)  Which.
-- @param on int(0..9000000000000)  When.
select require(paid_on is null, 'deal.paid', 'deal', 'It is paid already.') from deal where id = :deal;
update deal set paid_on = :on where id = :deal;

-- @command deal.assign  Hand it over.
-- @zh 移交商机
-- @roles rep manager hq
-- @param deal id(deal)  Which.
-- @param to id(app_user)  To whom.
update deal set owner_id = :to where id = :deal;

-- @command deal.delete  Delete it.
-- @zh 删除商机
-- @roles rep manager hq
-- @param deal id(deal)  Which.
-- @param at int(0..9000000000000)  When.
update deal set deleted_at = :at where id = :deal;

-- @command order.place  A deal with two lines, whole or not at all; the stock goes down.
-- @zh 下单
-- @roles rep manager hq
-- @param id newid  The deal's id.
-- @param first newid  The first line's id.
-- @param second newid  The second line's id.
-- @param customer id(customer)  For whom.
-- @param product id(product)  Of which product.
-- @param other id(product)  And of which other.
-- @param count int(1..100)  How many of each.
insert into deal (id, customer_id, title, owner_id) values (:id, :customer, 'order', actor());
insert into deal_line (id, deal_id, product_id, quantity, price_minor) select :first, :id, id, :count, price_minor from product where id = :product;
insert into deal_line (id, deal_id, product_id, quantity, price_minor) select :second, :id, id, :count, price_minor from product where id = :other;
update product set stock = stock - :count where id = :product;
update product set stock = stock - :count where id = :other;
update deal set amount_minor = (select sum(quantity * price_minor) from deal_line where deal_id = :id) where id = :id;

-- @command line.add  A line.
-- @zh 新增明细
-- @roles rep manager hq
-- @param id newid  Its id.
-- @param deal id(deal)  Of which deal.
-- @param product id(product)  Of which product.
-- @param quantity int(0..1000)  How many.
insert into deal_line (id, deal_id, product_id, quantity, price_minor) select :id, :deal, id, :quantity, price_minor from product where id = :product;

-- @command line.more  More, or less.
-- @zh 增减数量
-- @roles rep manager hq
-- @param line id(deal_line)  Which.
-- @param more int(-1000..1000)  How many more.
update deal_line set quantity = quantity + :more where id = :line;

-- @command line.price  Another price.
-- @zh 修改单价
-- @roles rep manager hq
-- @param line id(deal_line)  Which.
-- @param price int(-1000000000..1000000000)  What one costs.
update deal_line set price_minor = :price where id = :line;

-- @command line.delete  Delete it.
-- @zh 删除明细
-- @roles rep manager hq
-- @param line id(deal_line)  Which.
-- @param at int(0..9000000000000)  When.
update deal_line set deleted_at = :at where id = :line;

-- @command remark.add  A remark.
-- @zh 备注
-- @roles rep manager hq
-- @param id newid  Its id.
-- @param line id(deal_line)?  On a line.
-- @param deal id(deal)?  On a deal.
-- @param customer id(customer)?  On a customer.
-- @param text text(100)  What it says.
insert into remark (id, line_id, deal_id, customer_id, text) values (:id, :line, :deal, :customer, :text);

-- @command remark.edit  Another text.
-- @zh 修改备注
-- @roles rep manager hq
-- @param remark id(remark)  Which.
-- @param text text(100)  What it says.
update remark set text = :text where id = :remark;
