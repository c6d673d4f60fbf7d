-- @query opportunity.list  Opportunities, newest first.
-- @zh 商机列表
-- @param stage text(63)?  Only those in the stage with this code.
-- @param state enum(open|won|lost|void)?  Only those.
-- @param owner id(app_user)?  Only his.
-- @param customer id(customer)?  Only this customer's.
-- @param product id(product)?  Only for this main product.
-- @param pipeline code(pipeline)?  Only of this pipeline.
-- @param text text(200)?  Only those whose name, code or customer holds this text.
-- @param limit int(1..1000000)=100  How many at most.
-- @param offset int(0..1000000000)=0  How many to skip.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param source text(63)?  Only those that came this way.
-- @param lost_reason text(63)?  Only those lost for this reason.
-- @param forecast enum(pipeline|best_case|commit|omitted)?  Only of this class of the forecast; those without one are pipeline.
-- @param opened_from date?  First day of entering the pipeline.
-- @param opened_to date?  Last day of entering the pipeline.
-- @param closed_from date?  First closing date.
-- @param closed_to date?  Last closing date.
-- @param expected_from date?  First expected closing date.
-- @param expected_to date?  Last expected closing date.
-- @param month text(7)?  Only those closed in this month, such as 2027-03; with state=open those expected in it.
-- @param overdue bool=no  Only open ones whose expected closing date is over.
-- @param member id(app_user)?  Only those in which this person takes part beside the owner.
-- @param reports_to id(app_user)?  Only of the people whose own manager this is.
-- @param unmanaged bool=no  Only of people without a manager, and of nobody.
-- @param order enum(newest|amount|close_on|name|changed)=newest  Newest, largest, first expected or closed, by name, or last changed first.
-- @example state=open owner="Anna Snelling" limit=20
-- Newest first is a walk over an index that ends with the page; the other orders look at all that match.
with matching as not materialized (
  select o.id, o.opened_on, o.amount_minor, o.closed_on, o.expected_close_on, o.name, o.updated_at
    from opportunity o
   where o.deleted_at is null
     and (:stage is null or o.stage_id in (select id from stage where code = :stage))
     and (:state is null or o.stage_id in (select id from stage where kind = :state))
     and (:pipeline is null or o.stage_id in (select id from stage where pipeline_id = :pipeline))
     and (:owner is null or o.owner_id = :owner)
     and (:manager is null or o.owner_id in (select user_id from person_below where manager_id = :manager))
     and (:branch is null or o.owner_id in (select id from app_user where branch_id = :branch))
     and (:reports_to is null or o.owner_id in (select id from app_user where manager_id = :reports_to))
     and (:unmanaged = 0 or o.owner_id is null or o.owner_id in (select id from app_user where manager_id is null))
     and (:customer is null or o.customer_id = :customer)
     and (:product is null or o.product_id = :product)
     and (:opened_from is null or o.opened_on >= :opened_from)
     and (:opened_to is null or o.opened_on <= :opened_to)
     and (:member is null
          or o.id in (select m.opportunity_id from opportunity_member m where m.user_id = :member and m.deleted_at is null))
     -- What no index holds is looked up once, and only when it is asked for.
     and (coalesce(:source, :lost_reason, :forecast, :closed_from, :closed_to, :expected_from, :expected_to, :month,
                   nullif(:overdue, 0)) is null
          or o.id in (
            select x.id
              from opportunity x
              join stage s on s.id = x.stage_id
             where (:source is null or x.source = :source)
               and (:lost_reason is null or (s.kind = 'lost' and x.lost_reason = :lost_reason))
               and (:forecast is null or coalesce(x.forecast, 'pipeline') = :forecast)
               and (:closed_from is null or x.closed_on >= :closed_from)
               and (:closed_to is null or x.closed_on <= :closed_to)
               and (:expected_from is null or x.expected_close_on >= :expected_from)
               and (:expected_to is null or x.expected_close_on <= :expected_to)
               and (:month is null or substr(case when :state = 'open' then x.expected_close_on else x.closed_on end, 1, 7) = :month)
               and (:overdue = 0 or (s.kind = 'open' and x.expected_close_on < today()))))
     and (:text is null
          or o.id in (select x.id from opportunity x where search_matches(:text, x.name, x.code))
          or o.customer_id in (select c.id from customer c where search_matches(:text, c.name)))
), newest as (
  select id, opened_on
    from matching
   where :order = 'newest'
   order by opened_on desc, id desc
   limit :limit offset :offset
), ordered as (
  select id,
         case :order when 'amount' then -amount_minor
                     when 'close_on' then coalesce(julianday(coalesce(closed_on, expected_close_on)), 9999999)
                     when 'changed' then -updated_at end as number,
         case :order when 'name' then name end as name
    from matching
   where :order <> 'newest'
   order by number, name collate nocase, id desc
   limit :limit offset :offset
), page as (
  select id, row_number() over (order by opened_on desc, id desc) as place from newest
   union all
  select id, row_number() over (order by number, name collate nocase, id desc) from ordered
)
select o.id, o.code, o.name, o.customer, o.stage_code, o.stage_zh, o.stage_en, o.state, o.amount_minor, o.currency, o.owner, o.product,
       o.opened_on, o.expected_close_on, o.closed_on, o.next_step, o.customer_id, o.owner_id, o.contact_id, o.product_id, o.probability_bp,
       o.stage_entered_on, o.source, o.lost_reason, o.forecast, o.updated_at,
       (select min(r.due_at) from reminder r where r.opportunity_id = o.id and r.done_at is null and r.deleted_at is null) as next_contact_at
  from page
 cross join opportunity_card o
 where o.id = page.id
 order by page.place;

-- @query opportunity.count  How many opportunities there are and what they come to; the filters are those of opportunity.list.
-- @zh 商机数量与金额
-- @param stage text(63)?  Only those in the stage with this code.
-- @param state enum(open|won|lost|void)?  Only those.
-- @param owner id(app_user)?  Only his.
-- @param customer id(customer)?  Only this customer's.
-- @param product id(product)?  Only for this main product.
-- @param pipeline code(pipeline)?  Only of this pipeline.
-- @param text text(200)?  Only those whose name, code or customer holds this text.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param source text(63)?  Only those that came this way.
-- @param lost_reason text(63)?  Only those lost for this reason.
-- @param forecast enum(pipeline|best_case|commit|omitted)?  Only of this class of the forecast; those without one are pipeline.
-- @param opened_from date?  First day of entering the pipeline.
-- @param opened_to date?  Last day of entering the pipeline.
-- @param closed_from date?  First closing date.
-- @param closed_to date?  Last closing date.
-- @param expected_from date?  First expected closing date.
-- @param expected_to date?  Last expected closing date.
-- @param month text(7)?  Only those closed in this month, such as 2027-03; with state=open those expected in it.
-- @param overdue bool=no  Only open ones whose expected closing date is over.
-- @param member id(app_user)?  Only those in which this person takes part beside the owner.
-- @param reports_to id(app_user)?  Only of the people whose own manager this is.
-- @param unmanaged bool=no  Only of people without a manager, and of nobody.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
select count(*) as count,
       coalesce(sum(o.amount_minor) filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as amount_minor,
       coalesce(:currency, (select currency from company)) as currency,
       coalesce(sum(mul_div(o.amount_minor, s.probability_bp, 10000))
                filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as weighted_minor
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.deleted_at is null
   and (:stage is null or o.stage_id in (select id from stage where code = :stage))
   and (:state is null or o.stage_id in (select id from stage where kind = :state))
   and (:pipeline is null or o.stage_id in (select id from stage where pipeline_id = :pipeline))
   and (:owner is null or o.owner_id = :owner)
   and (:manager is null or o.owner_id in (select user_id from person_below where manager_id = :manager))
   and (:branch is null or o.owner_id in (select id from app_user where branch_id = :branch))
   and (:reports_to is null or o.owner_id in (select id from app_user where manager_id = :reports_to))
   and (:unmanaged = 0 or o.owner_id is null or o.owner_id in (select id from app_user where manager_id is null))
   and (:customer is null or o.customer_id = :customer)
   and (:product is null or o.product_id = :product)
   and (:opened_from is null or o.opened_on >= :opened_from)
   and (:opened_to is null or o.opened_on <= :opened_to)
   and (:member is null
        or o.id in (select m.opportunity_id from opportunity_member m where m.user_id = :member and m.deleted_at is null))
   -- What no index holds is looked up once, and only when it is asked for.
   and (coalesce(:source, :lost_reason, :forecast, :closed_from, :closed_to, :expected_from, :expected_to, :month,
                 nullif(:overdue, 0)) is null
        or o.id in (
          select x.id
            from opportunity x
            join stage s on s.id = x.stage_id
           where (:source is null or x.source = :source)
             and (:lost_reason is null or (s.kind = 'lost' and x.lost_reason = :lost_reason))
             and (:forecast is null or coalesce(x.forecast, 'pipeline') = :forecast)
             and (:closed_from is null or x.closed_on >= :closed_from)
             and (:closed_to is null or x.closed_on <= :closed_to)
             and (:expected_from is null or x.expected_close_on >= :expected_from)
             and (:expected_to is null or x.expected_close_on <= :expected_to)
             and (:month is null or substr(case when :state = 'open' then x.expected_close_on else x.closed_on end, 1, 7) = :month)
             and (:overdue = 0 or (s.kind = 'open' and x.expected_close_on < today()))))
   and (:text is null
        or o.id in (select x.id from opportunity x where search_matches(:text, x.name, x.code))
        or o.customer_id in (select c.id from customer c where search_matches(:text, c.name)));

-- @query opportunity.of_customer  The opportunities with one customer, newest first.
-- @zh 客户的商机
-- @param customer id(customer)  The customer.
select id, code, name, stage_code, stage_zh, stage_en, state, amount_minor, currency, owner, opened_on, closed_on,
       owner_id, expected_close_on, product, contact_id, updated_at
  from opportunity_card
 where customer_id = :customer
 order by opened_on desc, id desc;

-- @query opportunity.show  One opportunity with all there is to know.
-- @zh 商机详情
-- @param opportunity id(opportunity)  The opportunity.
-- @example opportunity=1C1I7A6R
select o.id, o.code, o.name, o.need, o.customer_id, o.customer, o.contact_id, c.name as contact, c.phone as contact_phone,
       o.pipeline_code, o.stage_code, o.stage_zh, o.stage_en, o.state, o.probability_bp, o.stage_entered_on,
       o.amount_minor, o.currency, mul_div(o.amount_minor, o.probability_bp, 10000) as weighted_minor,
       o.product_id, o.product, o.owner_id, o.owner, m.name as manager, b.name as branch, o.source, o.competitor, o.next_step,
       o.forecast, o.opened_on, o.expected_close_on, o.closed_on, o.lost_reason, o.lost_note,
       (select max(i.happened_at) from interaction i
         where i.opportunity_id = o.id and i.deleted_at is null and i.kind <> 'note') as last_contact_at,
       (select min(r.due_at) from reminder r
         where r.opportunity_id = o.id and r.done_at is null and r.deleted_at is null) as next_contact_at,
       o.created_at, o.updated_at, o.manager_id, o.rot_days,
       cast(julianday(today()) - julianday(o.stage_entered_on) as integer) as in_stage_days, x.phone as customer_phone,
       g.latitude_e6, g.longitude_e6, coalesce(g.line, x.address) as visit_address
  from opportunity_card o
  left join customer x on x.id = o.customer_id
  left join customer_place g on g.customer_id = o.customer_id
  left join contact c on c.id = o.contact_id
  left join app_user m on m.id = o.manager_id
  left join branch b on b.id = o.branch_id
 where o.id = :opportunity;

-- @query opportunity.timeline  Everything that happened with an opportunity, newest first.
-- @zh 商机时间线
-- @param opportunity id(opportunity)  The opportunity.
-- @param limit int(1..100000)=200  How many at most.
-- Values of kind: interaction, stage, assignment, task.
select happened_at, kind, what_zh, what_en, who, detail, id, who_id, interaction_kind, outcome, contact, latitude_e6, longitude_e6
  from (select i.happened_at as happened_at, 'interaction' as kind, coalesce(k.name_zh, i.kind) as what_zh, coalesce(k.name_en, i.kind) as what_en,
               u.name as who, i.summary as detail, i.id as id, i.user_id as who_id, i.kind as interaction_kind, i.outcome as outcome,
               p.name as contact, i.latitude_e6 as latitude_e6, i.longitude_e6 as longitude_e6
          from interaction i
          left join contact p on p.id = i.contact_id
          left join app_user u on u.id = i.user_id
          left join list_item k on k.list = 'interaction_kind' and k.code = i.kind
         where i.opportunity_id = :opportunity and i.deleted_at is null
         union all
        -- A step that was entered later, such as an imported one, stands where it happened.
        select case when e.occurred_on < date(e.created_at / 1000, 'unixepoch', '-3 days')
                    then cast(strftime('%s', e.occurred_on) as integer) * 1000 else e.created_at end,
               'stage', coalesce(f.name_zh || ' → ', '') || t.name_zh, coalesce(f.name_en || ' → ', '') || t.name_en,
               u.name, coalesce(e.occurred_on || ' ', '') || coalesce(e.note, ''), e.id, u.id, null, null, null, null, null
          from opportunity_stage_event e
          join stage t on t.id = e.to_stage_id
          left join stage f on f.id = e.from_stage_id
          left join app_user u on u.id = e.created_by
         where e.opportunity_id = :opportunity
         union all
        select a.created_at, 'assignment', '移交 ' || coalesce(f.name || ' → ', '') || coalesce(t.name, ''),
               'Hand-over ' || coalesce(f.name || ' → ', '') || coalesce(t.name, ''), u.name, a.note, a.id, u.id, null, null, null, null,
               null
          from assignment a
          left join app_user f on f.id = a.from_user_id
          left join app_user t on t.id = a.to_user_id
          left join app_user u on u.id = a.created_by
         where a.opportunity_id = :opportunity
         union all
        select coalesce(x.done_at, x.created_at), 'task', case when x.done_at is null then '任务' else '任务完成' end,
               case when x.done_at is null then 'Task' else 'Task done' end, u.name, x.title, x.id, u.id, x.planned_kind,
               null, null, null, null
          from task x
          left join app_user u on u.id = x.assignee_id
         where x.opportunity_id = :opportunity and x.deleted_at is null) as entries
 order by happened_at desc, id desc
 limit :limit;

-- @query opportunity.stage_history  The steps of an opportunity, first to last.
-- @zh 阶段变更记录
-- @param opportunity id(opportunity)  The opportunity.
select e.occurred_on, f.code as from_stage, t.code as to_stage, t.name_zh as to_stage_zh, t.name_en as to_stage_en,
       e.note, u.name as who, e.created_at as recorded_at
  from opportunity_stage_event e
  join stage t on t.id = e.to_stage_id
  left join stage f on f.id = e.from_stage_id
  left join app_user u on u.id = e.created_by
 where e.opportunity_id = :opportunity
 -- Steps without a date come from imports: they were first.
 order by coalesce(e.occurred_on, ''), e.created_at, t.kind <> 'open', t.position;

-- @query opportunity.members  Who takes part in an opportunity, and with which part of it.
-- @zh 协作人
-- @param opportunity id(opportunity)  The opportunity.
select u.id as user_id, u.name as person, 'owner' as access,
       10000 - coalesce((select sum(m.credit_bp) from opportunity_member m
                          where m.opportunity_id = o.id and m.deleted_at is null), 0) as credit_bp,
       null as expires_on
  from opportunity o
  join app_user u on u.id = o.owner_id
 where o.id = :opportunity
 union all
select u.id, u.name, m.access, m.credit_bp, m.expires_on
  from opportunity_member m
  join app_user u on u.id = m.user_id
 where m.opportunity_id = :opportunity and m.deleted_at is null;

-- @query opportunity.products  The product lines of an opportunity.
-- @zh 产品明细
-- @param opportunity id(opportunity)  The opportunity.
select l.id, p.code, p.name as product, l.quantity_qty, l.unit_price_minor, o.currency,
       mul_div(l.unit_price_minor, l.quantity_qty, 1000) as total_minor, l.note, l.product_id
  from opportunity_product l
  join product p on p.id = l.product_id
  join opportunity o on o.id = l.opportunity_id
 where l.opportunity_id = :opportunity and l.deleted_at is null
 order by l.id;

-- @query opportunity.assignments  Who had an opportunity when.
-- @zh 移交记录
-- @param opportunity id(opportunity)  The opportunity.
-- Values of reason: manual, bulk, register.
select a.created_at as assigned_at, f.name as from_person, t.name as to_person, u.name as who, a.reason, a.note, a.contact_by_at, a.from_user_id, a.to_user_id, a.batch_id
  from assignment a
  left join app_user f on f.id = a.from_user_id
  left join app_user t on t.id = a.to_user_id
  left join app_user u on u.id = a.created_by
 where a.opportunity_id = :opportunity
 order by a.created_at, a.id;

-- @query opportunity.assign_preview  What a bulk hand-over of somebody's open opportunities would move.
-- @zh 批量移交预览
-- @roles manager hq
-- @param from id(app_user)  Whose opportunities.
select o.id, o.code, o.name, o.customer, o.stage_code, o.stage_zh, o.stage_en, o.amount_minor, o.currency, o.next_step,
       o.customer_id, o.contact_id
  from opportunity_card o
 where o.owner_id = :from and o.state = 'open'
 order by o.amount_minor desc, o.id;

-- @query opportunity.contested  Where salespeople get in each other's way: open opportunities of different owners with one customer for one product.
-- @zh 撞单检测
-- @roles manager hq
-- @param customer id(customer)?  Only with this customer.
-- @param limit int(1..100000)=200  How many at most.
with open as (
  select o.id, o.customer_id, o.owner_id, o.product_id
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null and o.customer_id is not null and o.owner_id is not null
     and (:customer is null or o.customer_id = :customer)
), wanted as (
  select id, customer_id, owner_id, product_id from open where product_id is not null
   union
  select x.id, x.customer_id, x.owner_id, l.product_id
    from open x
    join opportunity_product l on l.opportunity_id = x.id
   where l.deleted_at is null
), clashes as (
  select customer_id, product_id, count(*) as n, count(distinct owner_id) as owners
    from wanted
   group by customer_id, product_id
  having count(distinct owner_id) > 1
   order by count(distinct owner_id) desc, customer_id, product_id
   limit :limit
)
select c.name as customer, p.name as product, k.n as opportunities, k.owners,
       (select group_concat(name, ', ')
          from (select distinct u.name from wanted w join app_user u on u.id = w.owner_id
                 where w.customer_id = k.customer_id and w.product_id = k.product_id order by u.name)) as owner_names,
       k.customer_id, k.product_id
  from clashes k
  join customer c on c.id = k.customer_id
  join product p on p.id = k.product_id
 order by k.owners desc, customer, product;
