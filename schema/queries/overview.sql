-- Headquarters' page at a glance. Every figure here is the count or the sum of rows that opportunity.list gives with the
-- filters named beside it, so that a click on a figure opens what is behind it. The period is that of closing for what is
-- closed and of entering for what is new; open ones are those of now. Amounts are sums in one currency, the company's
-- unless another is asked for; counts are of all.

-- @query overview.totals  The company, or a part of it, in a few figures.
-- @zh 经营概览
-- @roles manager hq
-- @param from date?  First day.
-- @param to date?  Last day.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- @example from=2017-01-01 to=2017-12-31
-- opportunities: no filter. open…: state=open. won…, lost: state and closed_from, closed_to. entered: opened_from, opened_to.
-- other_currency_count are those whose amounts no sum here holds.
with people as materialized (
  select id
    from app_user
   where (:branch is null or branch_id = :branch)
     and (:manager is null or id in (select user_id from person_below where manager_id = :manager))
), kinds as (
  select s.kind, s.probability_bp, o.amount_minor, o.opened_on,
         o.currency = coalesce(:currency, (select currency from company)) as counted,
         o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31') as closed,
         o.opened_on >= coalesce(:from, '') and o.opened_on <= coalesce(:to, '9999-12-31') as entered
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and o.deleted_at is null
     and (coalesce(:manager, :branch) is null or o.owner_id in (select id from people))
), sums as (
  select count(*) as opportunities,
         count(*) filter (where kind = 'open') as open,
         coalesce(sum(amount_minor) filter (where kind = 'open' and counted), 0) as open_amount_minor,
         coalesce(sum(mul_div(amount_minor, probability_bp, 10000)) filter (where kind = 'open' and counted), 0) as weighted_minor,
         count(*) filter (where kind = 'won' and closed) as won,
         count(*) filter (where kind = 'lost' and closed) as lost,
         coalesce(sum(amount_minor) filter (where kind = 'won' and closed and counted), 0) as won_amount_minor,
         count(*) filter (where entered) as entered,
         count(*) filter (where not counted) as other_currency_count
    from kinds
)
select opportunities, entered, open, open_amount_minor, weighted_minor, won, lost,
       case when won + lost > 0 then mul_div(won, 10000, won + lost) end as win_rate_bp, won_amount_minor,
       coalesce(:currency, (select currency from company)) as currency, other_currency_count
  from sums;

-- @query overview.stages  Number, amount and weighted amount in each stage: the funnel, and the pipeline by stage.
-- @zh 阶段分布
-- @roles manager hq
-- @param from date?  First closing date of closed ones.
-- @param to date?  Last closing date of closed ones.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- A row is pipeline and stage; closed ones also closed_from, closed_to.
with people as materialized (
  select id
    from app_user
   where (:branch is null or branch_id = :branch)
     and (:manager is null or id in (select user_id from person_below where manager_id = :manager))
), counts as (
  select s.id, count(o.id) as n,
         coalesce(sum(o.amount_minor) filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as amount_minor,
         coalesce(sum(mul_div(o.amount_minor, s.probability_bp, 10000))
                  filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as weighted_minor
    from stage s
    left join opportunity o
      on o.stage_id = s.id and o.deleted_at is null
     and (coalesce(:manager, :branch) is null or o.owner_id in (select id from people))
     and (s.kind = 'open' or (o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')))
   group by s.id
)
select p.code as pipeline_code, p.name_zh as pipeline_zh, p.name_en as pipeline_en, s.code as stage_code, s.name_zh as stage_zh, s.name_en as stage_en,
       s.kind as state, s.probability_bp, c.n as count, c.amount_minor, c.weighted_minor,
       coalesce(:currency, (select currency from company)) as currency
  from counts c
  join stage s on s.id = c.id
  join pipeline p on p.id = s.pipeline_id
 where s.pipeline_id in (select x.pipeline_id from stage x join opportunity o on o.stage_id = x.id where o.deleted_at is null)
   and (c.n > 0 or s.kind <> 'void')
 order by p.is_default desc, p.code, s.position;

-- @query overview.managers  What each manager's own people won, lost and have open, the most won first.
-- @zh 各经理业绩
-- @roles manager hq
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- A row is reports_to, or unmanaged where manager_id is null.
with people as materialized (
  select id
    from app_user
   where (:branch is null or branch_id = :branch)
     and (:manager is null or id in (select user_id from person_below where manager_id = :manager))
), results as (
  select u.manager_id,
         count(*) filter (where s.kind = 'won' and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')) as won,
         count(*) filter (where s.kind = 'lost' and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')) as lost,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'won' and o.closed_on >= coalesce(:from, '')
                  and o.closed_on <= coalesce(:to, '9999-12-31')
                  and o.currency = coalesce(:currency, (select currency from company))), 0) as won_amount_minor,
         count(*) filter (where s.kind = 'open') as open,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'open'
                  and o.currency = coalesce(:currency, (select currency from company))), 0) as open_amount_minor
    from stage s
   cross join opportunity o
    left join app_user u on u.id = o.owner_id
   where o.stage_id = s.id and o.deleted_at is null and s.kind <> 'void'
     and (coalesce(:manager, :branch) is null or o.owner_id in (select id from people))
   group by u.manager_id
)
select r.manager_id, coalesce(m.name, '') as manager, r.won, r.lost,
       case when r.won + r.lost > 0 then mul_div(r.won, 10000, r.won + r.lost) end as win_rate_bp, r.won_amount_minor,
       r.open, r.open_amount_minor, coalesce(:currency, (select currency from company)) as currency
  from results r
  left join app_user m on m.id = r.manager_id
 order by r.won_amount_minor desc, manager;

-- @query overview.months  Month by month: entered, won, lost, the rate and what was won.
-- @zh 月度业绩
-- @roles manager hq
-- @param from date?  First day.
-- @param to date?  Last day.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- Closed ones of a row are month and state, closed_from, closed_to; entered ones opened_from, opened_to.
with people as materialized (
  select id
    from app_user
   where (:branch is null or branch_id = :branch)
     and (:manager is null or id in (select user_id from person_below where manager_id = :manager))
), mine as (
  select s.kind, substr(o.opened_on, 1, 7) as opened, substr(o.closed_on, 1, 7) as closed, o.opened_on, o.closed_on,
         case when o.currency = coalesce(:currency, (select currency from company)) then o.amount_minor else 0 end as amount_minor
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and o.deleted_at is null
     and (coalesce(:manager, :branch) is null or o.owner_id in (select id from people))
), entries as (
  select opened as month, 1 as entered, 0 as won, 0 as lost, 0 as won_amount_minor
    from mine
   where opened_on >= coalesce(:from, '') and opened_on <= coalesce(:to, '9999-12-31')
   union all
  select closed, 0, kind = 'won', kind = 'lost', case when kind = 'won' then amount_minor else 0 end
    from mine
   where kind in ('won', 'lost') and closed_on >= coalesce(:from, '') and closed_on <= coalesce(:to, '9999-12-31')
)
select month, sum(entered) as entered, sum(won) as won, sum(lost) as lost,
       case when sum(won) + sum(lost) > 0 then mul_div(sum(won), 10000, sum(won) + sum(lost)) end as win_rate_bp,
       sum(won_amount_minor) as won_amount_minor, coalesce(:currency, (select currency from company)) as currency
  from entries
 group by month
 order by month;

-- @query overview.forecast  Open opportunities by how sure they are.
-- @zh 预测分布
-- @roles manager hq
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- A row is forecast with state=open; a class without any stands here too, so that a chart keeps its shape.
with people as materialized (
  select id
    from app_user
   where (:branch is null or branch_id = :branch)
     and (:manager is null or id in (select user_id from person_below where manager_id = :manager))
), classes (place, forecast) as (
  values (1, 'commit'), (2, 'best_case'), (3, 'pipeline'), (4, 'omitted')
), sums as (
  select coalesce(o.forecast, 'pipeline') as forecast, count(*) as n,
         sum(o.amount_minor) filter (where o.currency = coalesce(:currency, (select currency from company))) as amount_minor,
         sum(mul_div(o.amount_minor, s.probability_bp, 10000))
           filter (where o.currency = coalesce(:currency, (select currency from company))) as weighted_minor
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null
     and (coalesce(:manager, :branch) is null or o.owner_id in (select id from people))
   group by 1
)
select c.forecast, coalesce(s.n, 0) as count, coalesce(s.amount_minor, 0) as amount_minor,
       coalesce(s.weighted_minor, 0) as weighted_minor, coalesce(:currency, (select currency from company)) as currency
  from classes c
  left join sums s on s.forecast = c.forecast
 order by c.place;

-- @query overview.products  What was won, lost and is open by main product, the most won first.
-- @zh 产品业绩
-- @roles manager hq
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param branch id(branch)?  Only of the people of this branch.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- A row is product; the one without a product has no way to its rows.
with people as materialized (
  select id
    from app_user
   where (:branch is null or branch_id = :branch)
     and (:manager is null or id in (select user_id from person_below where manager_id = :manager))
), results as (
  select o.product_id,
         count(*) filter (where s.kind = 'won') as won,
         count(*) filter (where s.kind = 'lost') as lost,
         count(*) filter (where s.kind = 'open') as open,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'won'
                  and o.currency = coalesce(:currency, (select currency from company))), 0) as won_amount_minor
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and o.deleted_at is null and s.kind <> 'void'
     and (s.kind = 'open' or (o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')))
     and (coalesce(:manager, :branch) is null or o.owner_id in (select id from people))
   group by o.product_id
)
select r.product_id, coalesce(p.name, '') as product, r.won, r.lost, r.open, r.won_amount_minor,
       coalesce(:currency, (select currency from company)) as currency
  from results r
  left join product p on p.id = r.product_id
 order by r.won_amount_minor desc, product;
