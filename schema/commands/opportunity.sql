-- @command opportunity.register  Register an opportunity.
-- @zh 登记商机
-- @roles rep manager hq
-- @param id newid  The opportunity's id, when the caller wants to choose it.
-- @param name text(200)  What it is about.
-- @param customer id(customer)?  The customer, if there is one yet.
-- @param customer_name text(200)?  A new customer instead, added with this name.
-- @param customer_phone text(40)?  The new customer's phone.
-- @param customer_id newid  The new customer's id, when the caller wants to choose it.
-- @param amount money?  What it may bring; the product's list price when not given.
-- @param currency text(3)?  Currency of the amount; the company's when not given.
-- @param expected_close_on date?  When it may be decided.
-- @param need text(8000)?  What the customer needs, in detail.
-- @param product id(product)?  The main product.
-- @param contact id(contact)?  With whom to speak.
-- @param source text(63)?  How it came to us, from the list source.
-- @param competitor text(200)?  Who else bids.
-- @param next_step text(500)?  What to do next.
-- @param next_at time?  When to do it; makes a reminder.
-- @param pipeline code(pipeline)?  The pipeline; the default one when not given.
-- @param stage text(63)?  Code of the stage it begins in; the first when not given.
-- @param owner id(app_user)?=me  Who follows it; only managers choose somebody else.
-- @param code text(63)?  A short code, if the company gives such.
-- @param opened_on date?  When it began; only headquarters may say another day than today.
-- @example name="Server room" customer=Acme amount=12500 expected_close_on=2027-03-31
-- @example name=机房改造 customer_name=启明科技有限公司 amount=80000 source=referral
select require(:owner is null or :owner = actor() or has_role('manager') or has_role('hq'),
               'opportunity.owner', 'owner', 'Only managers give an opportunity to somebody else.'),
       require(:opened_on is null or :opened_on = today() or has_role('hq'),
               'date.backdated', 'opened_on', 'Only headquarters may say another day than today.'),
       require(:customer is null or :customer_name is null,
               'customer.both', 'customer_name', 'Give either a customer or the name of a new one.'),
       require(:amount is null or :amount >= 0, 'amount.negative', 'amount', 'An amount is not below zero.'),
       require(:currency is null or :currency glob '[A-Z][A-Z][A-Z]', 'currency.invalid', 'currency',
               'A currency is three letters such as CNY or USD.'),
       require(:customer_name is null
               or not exists (select 1 from customer where name = :customer_name collate nocase and deleted_at is null),
               'customer.duplicate', 'customer_name', 'This customer is there already; give it as customer.'),
       require(:source is null or exists (select 1 from list_item where list = 'source' and code = :source and active = 1),
               'list.unknown', 'source', 'Not in the list; it has: ' || (select codes from list_choices where list = 'source'));
select require(exists (select 1 from stage s
                        where s.pipeline_id = p.id and s.kind = 'open' and s.active = 1 and (:stage is null or s.code = :stage)),
               'stage.unknown', 'stage',
               'An open stage of the pipeline: ' || coalesce((select group_concat(code, ', ') from (select s.code from stage s
                where s.pipeline_id = p.id and s.kind = 'open' and s.active = 1 order by s.position)), 'there is none yet'))
  from pipeline p
 where p.id = coalesce(:pipeline, (select id from pipeline where is_default = 1 order by code limit 1));
insert into customer (id, name, phone, source, owner_id, branch_id, registered_on)
select :customer_id, :customer_name, :customer_phone, :source, coalesce(:owner, actor()),
       (select branch_id from app_user where id = coalesce(:owner, actor())), today()
 where :customer_name is not null;
insert into opportunity (id, code, name, need, customer_id, contact_id, product_id, pipeline_id, stage_id, stage_entered_on,
                         opened_on, amount_minor, currency, expected_close_on, source, competitor, next_step, owner_id)
select :id, :code, :name, :need, case when :customer_name is not null then :customer_id else :customer end, :contact, :product,
       s.pipeline_id, s.id, coalesce(:opened_on, today()), coalesce(:opened_on, today()),
       coalesce(:amount, p.list_price_minor, 0),
       coalesce(upper(:currency), case when :amount is null then p.currency end, company.currency),
       :expected_close_on, :source, :competitor, :next_step, coalesce(:owner, actor())
  from company
  join stage s on s.pipeline_id = coalesce(:pipeline, (select id from pipeline where is_default = 1 order by code limit 1))
  left join product p on p.id = :product
 where s.kind = 'open' and s.active = 1 and (:stage is null or s.code = :stage)
 order by s.position
 limit 1;
insert into opportunity_stage_event (id, opportunity_id, to_stage_id, occurred_on)
select new_id(), id, stage_id, opened_on
  from opportunity
 where id = :id;
insert into assignment (id, opportunity_id, to_user_id, reason, contact_by_at)
select new_id(), id, owner_id, 'register',
       now_ms() + 3600000 * (select cast(value as integer) from setting where name = 'follow_up.first_contact_hours')
  from opportunity
 where id = :id and owner_id <> actor();
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id)
select new_id(), owner_id, 'opportunity.assigned', 42, id, name, actor()
  from opportunity
 where id = :id and owner_id <> actor();
insert into reminder (id, user_id, title, due_at, opportunity_id, customer_id)
select new_id(), owner_id, coalesce(:next_step, name), :next_at, id, customer_id
  from opportunity
 where id = :id and :next_at is not null;
select id, name, customer, stage_code, owner, amount_minor, currency from opportunity_card where id = :id;

-- @command opportunity.edit  Change an opportunity; what is not given stays.
-- @zh 修改商机
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param name text(200)?  What it is about.
-- @param code text(63)?  A short code.
-- @param customer id(customer)?  The customer.
-- @param amount money?  What it may bring.
-- @param currency text(3)?  Currency of the amount.
-- @param expected_close_on date?  When it may be decided.
-- @param need text(8000)?  What the customer needs, in detail.
-- @param product id(product)?  The main product.
-- @param contact id(contact)?  With whom to speak.
-- @param source text(63)?  How it came to us, from the list source.
-- @param competitor text(200)?  Who else bids.
-- @param next_step text(500)?  What to do next.
-- @param forecast enum(pipeline|best_case|commit|omitted)?  How sure it is, for the forecast.
-- @param clear json?  Fields to empty, such as ["competitor","next_step"].
-- @example opportunity=1C1I7A6R amount=13000 next_step="Send the offer"
select require(:amount is null or :amount >= 0, 'amount.negative', 'amount', 'An amount is not below zero.'),
       require(:currency is null or :currency glob '[A-Z][A-Z][A-Z]', 'currency.invalid', 'currency',
               'A currency is three letters such as CNY or USD.'),
       require(:source is null or exists (select 1 from list_item where list = 'source' and code = :source and active = 1),
               'list.unknown', 'source', 'Not in the list; it has: ' || (select codes from list_choices where list = 'source')),
       require(not exists (select 1 from json_each(:clear)
                            where value not in ('code', 'customer', 'expected_close_on', 'need', 'product', 'contact', 'source',
                                                'competitor', 'next_step', 'forecast')),
               'clear.unknown', 'clear', 'A list of fields that may be empty, such as ["competitor","next_step"].');
update opportunity
   set name = coalesce(:name, name),
       amount_minor = coalesce(:amount, amount_minor),
       currency = coalesce(upper(:currency), currency),
       customer_id = case when 'customer' in (select value from json_each(:clear)) then null else coalesce(:customer, customer_id) end,
       product_id = case when 'product' in (select value from json_each(:clear)) then null else coalesce(:product, product_id) end,
       contact_id = case when 'contact' in (select value from json_each(:clear)) then null else coalesce(:contact, contact_id) end,
       code = case when 'code' in (select value from json_each(:clear)) then null else coalesce(:code, code) end,
       expected_close_on = case when 'expected_close_on' in (select value from json_each(:clear)) then null else coalesce(:expected_close_on, expected_close_on) end,
       need = case when 'need' in (select value from json_each(:clear)) then null else coalesce(:need, need) end,
       source = case when 'source' in (select value from json_each(:clear)) then null else coalesce(:source, source) end,
       competitor = case when 'competitor' in (select value from json_each(:clear)) then null else coalesce(:competitor, competitor) end,
       next_step = case when 'next_step' in (select value from json_each(:clear)) then null else coalesce(:next_step, next_step) end,
       forecast = case when 'forecast' in (select value from json_each(:clear)) then null else coalesce(:forecast, forecast) end
 where id = :opportunity;
select id, name, customer, amount_minor, currency, expected_close_on, next_step from opportunity_card where id = :opportunity;

-- @command opportunity.move_stage  Move an open opportunity to another open stage.
-- @zh 推进销售阶段
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param stage text(63)  Code of the stage in its pipeline.
-- @param note text(1000)?  Why.
-- @param on date?  The day it happened; only headquarters may say another day than today.
-- @example opportunity=1C1I7A6R stage=proposal
select require(s.kind = 'open', 'opportunity.closed', 'opportunity', 'It is closed; a manager may reopen it first.')
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
select require(:on is null or :on = today() or has_role('hq'), 'date.backdated', 'on', 'Only headquarters may say another day than today.');
select require(exists (select 1 from stage t
                        where t.pipeline_id = o.pipeline_id and t.code = :stage and t.kind = 'open' and t.active = 1),
               'stage.unknown', 'stage',
               'An open stage of its pipeline: ' || (select group_concat(code, ', ') from (select t.code from stage t
                where t.pipeline_id = o.pipeline_id and t.kind = 'open' and t.active = 1 order by t.position))
               || '. To close it use opportunity.win, opportunity.lose or opportunity.void.')
  from opportunity o
 where o.id = :opportunity;
select require(t.id <> o.stage_id, 'stage.same', 'stage', 'It is in this stage already.'),
       require(t.position >= f.position or p.allows_backward = 1, 'stage.backward', 'stage', 'This pipeline only goes forward.')
  from opportunity o
  join pipeline p on p.id = o.pipeline_id
  join stage f on f.id = o.stage_id
  join stage t on t.pipeline_id = o.pipeline_id and t.code = :stage
 where o.id = :opportunity;
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on, note)
select new_id(), o.id, o.stage_id, t.id, coalesce(:on, today()), :note
  from opportunity o
  join stage t on t.pipeline_id = o.pipeline_id and t.code = :stage
 where o.id = :opportunity;
update opportunity
   set stage_id = (select t.id from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                    where o.id = :opportunity and t.code = :stage),
       stage_entered_on = coalesce(:on, today())
 where id = :opportunity;
select id, name, stage_code, state, probability_bp from opportunity_card where id = :opportunity;

-- @command opportunity.win  The customer buys: close it as won.
-- @zh 赢单
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param amount money?  What it brought in the end.
-- @param note text(1000)?  What decided it.
-- @param on date?  The day it happened; only headquarters may say another day than today.
-- @example opportunity=1C1I7A6R amount=12000
select require(s.kind = 'open', 'opportunity.closed', 'opportunity', 'It is closed; a manager may reopen it first.')
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
select require(:on is null or :on = today() or has_role('hq'), 'date.backdated', 'on', 'Only headquarters may say another day than today.');
select require(:amount is null or :amount >= 0, 'amount.negative', 'amount', 'An amount is not below zero.');
select require(exists (select 1 from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                        where o.id = :opportunity and t.kind = 'won' and t.active = 1),
               'stage.missing', 'opportunity', 'Its pipeline has no stage of the kind won; headquarters adds one.');
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on, note)
select new_id(), o.id, o.stage_id, t.id, coalesce(:on, today()), :note
  from opportunity o
  join stage t on t.pipeline_id = o.pipeline_id and t.kind = 'won' and t.active = 1
 where o.id = :opportunity
 order by t.position
 limit 1;
update opportunity
   set stage_id = (select t.id from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                    where o.id = :opportunity and t.kind = 'won' and t.active = 1 order by t.position limit 1),
       stage_entered_on = coalesce(:on, today()),
       closed_on = coalesce(:on, today()),
       amount_minor = coalesce(:amount, amount_minor),
       lost_reason = null,
       lost_note = null
 where id = :opportunity;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), u.manager_id, 'opportunity.won', 42, o.id, o.name, actor(), :note
  from opportunity o
  join app_user u on u.id = o.owner_id
 where o.id = :opportunity and u.manager_id is not null and u.manager_id <> actor();
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), owner_id, 'opportunity.won', 42, id, name, actor(), :note
  from opportunity
 where id = :opportunity and owner_id <> actor();
select id, name, stage_code, state, closed_on, amount_minor, currency from opportunity_card where id = :opportunity;

-- @command opportunity.lose  The customer does not buy: close it as lost.
-- @zh 输单
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param reason text(63)  Why, from the list lost_reason: competitor, cancelled, decision_chain, budget, requirement_changed, price, no_response or other.
-- @param note text(1000)?  What happened; needed when the reason is other.
-- @param on date?  The day it happened; only headquarters may say another day than today.
-- @example opportunity=1C1I7A6R reason=price
select require(s.kind = 'open', 'opportunity.closed', 'opportunity', 'It is closed; a manager may reopen it first.')
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
select require(:on is null or :on = today() or has_role('hq'), 'date.backdated', 'on', 'Only headquarters may say another day than today.');
select require(exists (select 1 from list_item where list = 'lost_reason' and code = :reason and active = 1),
               'list.unknown', 'reason', 'Not in the list; it has: ' || (select codes from list_choices where list = 'lost_reason')),
       require(:reason <> 'other' or :note is not null, 'opportunity.note_missing', 'note', 'Say in a note what happened when the reason is other.');
select require(exists (select 1 from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                        where o.id = :opportunity and t.kind = 'lost' and t.active = 1),
               'stage.missing', 'opportunity', 'Its pipeline has no stage of the kind lost; headquarters adds one.');
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on, note)
select new_id(), o.id, o.stage_id, t.id, coalesce(:on, today()), :note
  from opportunity o
  join stage t on t.pipeline_id = o.pipeline_id and t.kind = 'lost' and t.active = 1
 where o.id = :opportunity
 order by t.position
 limit 1;
update opportunity
   set stage_id = (select t.id from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                    where o.id = :opportunity and t.kind = 'lost' and t.active = 1 order by t.position limit 1),
       stage_entered_on = coalesce(:on, today()),
       closed_on = coalesce(:on, today()),
       lost_reason = :reason,
       lost_note = :note
 where id = :opportunity;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), owner_id, 'opportunity.lost', 42, id, name, actor(), :note
  from opportunity
 where id = :opportunity and owner_id <> actor();
select id, name, stage_code, state, closed_on, amount_minor, currency from opportunity_card where id = :opportunity;

-- @command opportunity.void  It was no opportunity at all: close it without counting it.
-- @zh 作废
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param note text(1000)  Why it was none.
-- @param on date?  The day it happened; only headquarters may say another day than today.
-- @example opportunity=1C1I7A6R note=重复登记
select require(s.kind = 'open', 'opportunity.closed', 'opportunity', 'It is closed; a manager may reopen it first.')
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
select require(:on is null or :on = today() or has_role('hq'), 'date.backdated', 'on', 'Only headquarters may say another day than today.');
select require(exists (select 1 from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                        where o.id = :opportunity and t.kind = 'void' and t.active = 1),
               'stage.missing', 'opportunity', 'Its pipeline has no stage of the kind void; headquarters adds one.');
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on, note)
select new_id(), o.id, o.stage_id, t.id, coalesce(:on, today()), :note
  from opportunity o
  join stage t on t.pipeline_id = o.pipeline_id and t.kind = 'void' and t.active = 1
 where o.id = :opportunity
 order by t.position
 limit 1;
update opportunity
   set stage_id = (select t.id from stage t join opportunity o on o.pipeline_id = t.pipeline_id
                    where o.id = :opportunity and t.kind = 'void' and t.active = 1 order by t.position limit 1),
       stage_entered_on = coalesce(:on, today()),
       closed_on = coalesce(:on, today())
 where id = :opportunity;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), owner_id, 'opportunity.voided', 42, id, name, actor(), :note
  from opportunity
 where id = :opportunity and owner_id <> actor();
select id, name, stage_code, state, closed_on, amount_minor, currency from opportunity_card where id = :opportunity;

-- @command opportunity.reopen  Open a closed opportunity again.
-- @zh 重新打开
-- @roles manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param stage text(63)?  Code of the stage it goes to; the furthest open one it had reached when not given.
-- @param note text(1000)?  Why.
-- @param step newid  Id of this step, when the caller wants to choose it.
-- @example opportunity=1C1I7A6R note=客户重新启动项目
select require(s.kind <> 'open', 'opportunity.open', 'opportunity', 'It is open.'),
       require(:stage is null or exists (select 1 from stage t
                where t.pipeline_id = o.pipeline_id and t.code = :stage and t.kind = 'open' and t.active = 1),
               'stage.unknown', 'stage',
               'An open stage of its pipeline: ' || (select group_concat(code, ', ') from (select t.code from stage t
                where t.pipeline_id = o.pipeline_id and t.kind = 'open' and t.active = 1 order by t.position)))
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
-- Without a stage: the furthest open one it was in, else the pipeline's first.
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on, note)
select :step, o.id, o.stage_id, t.id, today(), :note
  from opportunity o
  join stage t on t.pipeline_id = o.pipeline_id and t.kind = 'open' and t.active = 1
 where o.id = :opportunity and (:stage is null or t.code = :stage)
 order by exists (select 1 from opportunity_stage_event e where e.opportunity_id = o.id and e.to_stage_id = t.id) desc,
          case when exists (select 1 from opportunity_stage_event e where e.opportunity_id = o.id and e.to_stage_id = t.id)
               then -t.position else t.position end
 limit 1;
update opportunity
   set stage_id = (select to_stage_id from opportunity_stage_event where id = :step),
       stage_entered_on = today(),
       closed_on = null,
       lost_reason = null,
       lost_note = null
 where id = :opportunity;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), owner_id, 'opportunity.reopened', 42, id, name, actor(), :note
  from opportunity
 where id = :opportunity and owner_id <> actor();
select id, name, stage_code, state from opportunity_card where id = :opportunity;

-- @command opportunity.delete  Delete an opportunity that was entered by mistake. It can be restored.
-- @zh 删除商机
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
select require(owner_id = actor() or has_role('manager') or has_role('hq'),
               'opportunity.not_owner', 'opportunity', 'Only its owner or a manager does this.')
  from opportunity
 where id = :opportunity;
select require(s.kind = 'open', 'opportunity.closed', 'opportunity', 'It is closed; a manager may reopen it first.')
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
update opportunity set deleted_at = now_ms() where id = :opportunity and deleted_at is null;
select id, name from opportunity where id = :opportunity;

-- @command opportunity.restore  Bring a deleted opportunity back.
-- @zh 恢复商机
-- @roles rep manager hq
-- @param opportunity any(opportunity)  The opportunity's id.
select require(owner_id = actor() or has_role('manager') or has_role('hq'),
               'opportunity.not_owner', 'opportunity', 'Only its owner or a manager does this.')
  from opportunity
 where id = :opportunity;
update opportunity set deleted_at = null where id = :opportunity and deleted_at is not null;
select id, name from opportunity where id = :opportunity;
