-- Statistics of opportunities. Definitions hold everywhere: won and lost are kinds of stage and count by closing date;
-- amounts are sums in one currency, the company's unless another is asked for; rates are exact integers, rounded half up.
-- "stage cross join opportunity": SQLite keeps the order of a cross join, so that every sum is a walk over the index
-- opportunity_by_stage, stage by stage.

-- @query opportunity.count_by_stage  How many opportunities stand in each stage.
-- @zh 各阶段商机数量
-- @param pipeline code(pipeline)?  Only this pipeline; else all that hold any.
-- @param owner id(app_user)?  Only his.
-- A pipeline that holds any shows its empty stages too, so that a chart keeps its shape.
with counts as (
  select s.pipeline_id, s.code, s.position, row_number() over (order by p.is_default desc, p.code, s.position) as place,
         (select count(*) from opportunity o
           where o.stage_id = s.id and o.deleted_at is null and (:owner is null or o.owner_id = :owner)) as n
    from stage s
    join pipeline p on p.id = s.pipeline_id
   where :pipeline is null or s.pipeline_id = :pipeline
)
select code as stage_code, sum(n) as count
  from counts
 where pipeline_id in (select pipeline_id from counts where n > 0)
 group by code
 order by min(place);

-- @query opportunity.funnel  Number and amount in each stage of a pipeline.
-- @zh 销售漏斗
-- @param pipeline code(pipeline)?  Only this pipeline; else all that hold any.
-- @param owner id(app_user)?  Only his.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
with counts as (
  select s.id, s.pipeline_id, s.code, s.name_zh, s.name_en, s.kind, s.position, s.probability_bp,
         count(o.id) as n,
         coalesce(sum(o.amount_minor) filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as amount_minor
    from stage s
    left join opportunity o on o.stage_id = s.id and o.deleted_at is null and (:owner is null or o.owner_id = :owner)
   where :pipeline is null or s.pipeline_id = :pipeline
   group by s.id
)
select p.code as pipeline_code, c.code as stage_code, c.name_zh as stage_zh, c.name_en as stage_en, c.kind as state, c.probability_bp,
       c.n as count, c.amount_minor, coalesce(:currency, (select currency from company)) as currency
  from counts c
  join pipeline p on p.id = c.pipeline_id
 where c.pipeline_id in (select pipeline_id from counts where n > 0)
 order by p.is_default desc, p.code, c.position;

-- @query opportunity.win_rate  Won and lost by closing date, and the rate.
-- @zh 赢单率
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param owner id(app_user)?  Only his.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param pipeline code(pipeline)?  Only of this pipeline.
-- @param currency text(3)?  Currency of the amount; the company's when not given.
-- @example from=2017-01-01 to=2017-12-31
-- @example owner="Anna Snelling"
with closed as (
  select count(*) filter (where s.kind = 'won') as won,
         count(*) filter (where s.kind = 'lost') as lost,
         sum(o.amount_minor) filter (where s.kind = 'won' and o.currency = coalesce(:currency, (select currency from company))) as won_amount_minor
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and s.kind in ('won', 'lost') and o.deleted_at is null
     and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')
     and (:owner is null or o.owner_id = :owner)
     and (:manager is null or o.owner_id in (select user_id from person_below where manager_id = :manager))
     and (:pipeline is null or s.pipeline_id = :pipeline)
)
select won, lost,
       case when won + lost > 0 then mul_div(won, 10000, won + lost) end as win_rate_bp,
       coalesce(won_amount_minor, 0) as won_amount_minor, coalesce(:currency, (select currency from company)) as currency
  from closed;

-- @query opportunity.won_by_manager  What each manager's people won, the most first.
-- @zh 各经理赢单业绩
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param currency text(3)?  Currency of the amount; the company's when not given.
select coalesce(m.name, '') as manager, sum(t.won) as won, sum(t.won_amount_minor) as won_amount_minor, m.id as manager_id,
       coalesce(:currency, (select currency from company)) as currency
  from (select o.owner_id, count(*) as won,
               coalesce(sum(o.amount_minor) filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as won_amount_minor
          from stage s
          cross join opportunity o
         where o.stage_id = s.id and s.kind = 'won' and o.deleted_at is null
           and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')
         group by o.owner_id) as t
  left join app_user u on u.id = t.owner_id
  left join app_user m on m.id = u.manager_id
 group by m.id, m.name
 order by won_amount_minor desc, manager;

-- @query opportunity.won_by_month_and_manager  What each manager's people won, month by month.
-- @zh 各经理月度赢单业绩
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param manager id(app_user)?  Only of the people who report to this manager.
-- @param currency text(3)?  Currency of the amount; the company's when not given.
-- @example from=2017-01-01 to=2017-12-31
select t.month, coalesce(m.name, '') as manager, sum(t.won) as won, sum(t.lost) as lost, sum(t.won_amount_minor) as won_amount_minor,
       coalesce(:currency, (select currency from company)) as currency, m.id as manager_id
  from (select substr(o.closed_on, 1, 7) as month, o.owner_id, count(*) filter (where s.kind = 'won') as won,
               count(*) filter (where s.kind = 'lost') as lost,
               coalesce(sum(o.amount_minor) filter (where s.kind = 'won' and o.currency = coalesce(:currency, (select currency from company))), 0)
                 as won_amount_minor
          from stage s
          cross join opportunity o
         where o.stage_id = s.id and s.kind in ('won', 'lost') and o.deleted_at is null
           and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')
         group by 1, o.owner_id) as t
  left join app_user u on u.id = t.owner_id
  left join app_user m on m.id = u.manager_id
 where :manager is null or m.id = :manager
 group by t.month, m.id, m.name
 order by t.month, won_amount_minor desc, manager;

-- @query opportunity.won_by_owner  Results of every salesperson whose deals one sees, the most won first; those without a deal too.
-- @zh 销售业绩排行
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param manager id(app_user)?  Only the people below this manager.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- @example manager="Dustin Brinkmann"
with results as (
  select o.owner_id, count(*) filter (where s.kind = 'open') as open,
         count(*) filter (where s.kind = 'won' and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')) as won,
         count(*) filter (where s.kind = 'lost' and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')) as lost,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'won' and o.currency = coalesce(:currency, (select currency from company))
                  and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')), 0) as won_amount_minor,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'open' and o.currency = coalesce(:currency, (select currency from company))), 0) as open_amount_minor
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and o.deleted_at is null and o.owner_id is not null
   group by o.owner_id
)
select u.name as owner, m.name as manager, b.name as branch, coalesce(r.won, 0) as won, coalesce(r.lost, 0) as lost,
       case when r.won + r.lost > 0 then mul_div(r.won, 10000, r.won + r.lost) end as win_rate_bp,
       coalesce(r.won_amount_minor, 0) as won_amount_minor, coalesce(r.open, 0) as open,
       coalesce(r.open_amount_minor, 0) as open_amount_minor, u.id as owner_id, u.manager_id, u.branch_id,
       coalesce(:currency, (select currency from company)) as currency
  from app_user u
  left join results r on r.owner_id = u.id
  left join app_user m on m.id = u.manager_id
  left join branch b on b.id = u.branch_id
 where u.deleted_at is null
   and (r.owner_id is not null
        or (u.active = 1 and exists (select 1 from engine_role e where e.user_id = u.id and e.role = 'rep')
            -- of others a station knows no deal, and a zero would be wrong
            and (has_role('hq') or u.id = actor() or u.id in (select user_id from person_below where manager_id = actor()))))
   and (:manager is null or u.id in (select user_id from person_below where manager_id = :manager))
 order by won_amount_minor desc, won desc, owner;

-- @query opportunity.stage_conversion  Of the opportunities that reached a stage, how many reached the next; lost ones included.
-- @zh 阶段转化率
-- @param pipeline code(pipeline)?  Only this pipeline; else all that hold any.
-- @param owner id(app_user)?  Only his.
-- @param from date?  Only those that entered the pipeline on this day or later.
-- @param to date?  Only those that entered the pipeline on this day or earlier.
-- Who jumps over a stage has reached it; what turned out void was no opportunity.
with furthest as (
  select now.pipeline_id,
         (select max(s.position)
            from opportunity_stage_event e
            join stage s on s.id = e.to_stage_id
           where e.opportunity_id = o.id and s.kind in ('open', 'won')) as position
    from stage now
   cross join opportunity o
   where o.stage_id = now.id and o.deleted_at is null and now.kind <> 'void'
     and (:pipeline is null or now.pipeline_id = :pipeline)
     and (:owner is null or o.owner_id = :owner)
     and (:from is null or o.opened_on >= :from)
     and (:to is null or o.opened_on <= :to)
), reached as (
  select pipeline_id, position, count(*) as n
    from furthest
   group by pipeline_id, position
), ladder as (
  select s.pipeline_id, s.code, s.name_zh, s.name_en, s.position,
         (select coalesce(sum(r.n), 0) from reached r where r.pipeline_id = s.pipeline_id and r.position >= s.position) as n
    from stage s
   where s.kind in ('open', 'won') and s.pipeline_id in (select pipeline_id from reached)
), steps as (
  select l.*,
         lead(l.code) over (partition by l.pipeline_id order by l.position) as next_code,
         lead(l.name_zh) over (partition by l.pipeline_id order by l.position) as next_zh,
         lead(l.name_en) over (partition by l.pipeline_id order by l.position) as next_en,
         lead(l.n) over (partition by l.pipeline_id order by l.position) as next_n
    from ladder l
)
select p.code as pipeline_code, t.code as from_stage, t.name_zh as from_stage_zh, t.name_en as from_stage_en,
       t.next_code as to_stage, t.next_zh as to_stage_zh, t.next_en as to_stage_en,
       t.n as reached, t.next_n as reached_next,
       case when t.n > 0 then mul_div(t.next_n, 10000, t.n) end as conversion_bp
  from steps t
  join pipeline p on p.id = t.pipeline_id
 where t.next_code is not null
 order by p.is_default desc, p.code, t.position;

-- @query opportunity.weighted_pipeline  Open opportunities by stage: amount, and amount times probability.
-- @zh 加权销售管道
-- @param pipeline code(pipeline)?  Only this pipeline.
-- @param owner id(app_user)?  Only his.
-- @param to date?  Only those expected to close on this day or earlier.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
select p.code as pipeline_code, s.code as stage_code, s.name_zh as stage_zh, s.name_en as stage_en, s.probability_bp,
       count(*) as count, sum(o.amount_minor) as amount_minor,
       sum(mul_div(o.amount_minor, s.probability_bp, 10000)) as weighted_minor, o.currency as currency
  from stage s
  cross join opportunity o
  join pipeline p on p.id = s.pipeline_id
 where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null
   and o.currency = coalesce(:currency, (select currency from company))
   and (:pipeline is null or s.pipeline_id = :pipeline)
   and (:owner is null or o.owner_id = :owner)
   and (:to is null or o.expected_close_on <= :to)
 group by p.code, p.is_default, s.id, s.code, s.name_zh, s.name_en, s.probability_bp, s.position, o.currency
 order by p.is_default desc, p.code, s.position;

-- @query opportunity.forecast  Open opportunities by how sure they are, and what was won, for one period.
-- @zh 销售预测
-- @param from date?  First day: of the expected closing, for won ones of the closing.
-- @param to date?  Last day.
-- @param owner id(app_user)?  Only his.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- Values of forecast: closed.
select case when s.kind = 'won' then 'closed' else coalesce(o.forecast, 'pipeline') end as forecast,
       count(*) as count, sum(o.amount_minor) as amount_minor,
       sum(mul_div(o.amount_minor, s.probability_bp, 10000)) as weighted_minor, o.currency as currency
  from stage s
  cross join opportunity o
 where o.stage_id = s.id and s.kind in ('open', 'won') and o.deleted_at is null
   and o.currency = coalesce(:currency, (select currency from company))
   and (:owner is null or o.owner_id = :owner)
   and (:from is null or case when s.kind = 'won' then o.closed_on else o.expected_close_on end >= :from)
   and (:to is null or case when s.kind = 'won' then o.closed_on else o.expected_close_on end <= :to)
 group by 1, o.currency
 order by 1;

-- @query opportunity.sales_cycle  Days from entering the pipeline to winning: mean and median.
-- @zh 销售周期
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param owner id(app_user)?  Only his.
with cycles as (
  select cast(julianday(o.closed_on) - julianday(o.opened_on) as integer) as days
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and s.kind = 'won' and o.deleted_at is null and o.opened_on is not null
     and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')
     and (:owner is null or o.owner_id = :owner)
), ranked as (
  select days, row_number() over (order by days) as rank, count(*) over () as n
    from cycles
)
select count(*) as won, mul_div(sum(days), 1, count(*)) as mean_days,
       (select mul_div(sum(days), 1, count(*)) from ranked where rank in ((n + 1) / 2, (n + 2) / 2)) as median_days,
       min(days) as shortest_days, max(days) as longest_days
  from cycles
having count(*) > 0;

-- @query opportunity.velocity  What the pipeline brings in a day: open count × win rate × mean won amount ÷ mean cycle.
-- @zh 销售速度
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param owner id(app_user)?  Only his.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
with totals as (
  select count(*) filter (where s.kind = 'open') as open,
         count(*) filter (where s.kind = 'won') as won,
         count(*) filter (where s.kind = 'lost') as lost,
         sum(o.amount_minor) filter (where s.kind = 'won') as won_amount_minor,
         count(*) filter (where s.kind = 'won' and o.opened_on is not null) as timed,
         sum(cast(julianday(o.closed_on) - julianday(o.opened_on) as integer)) filter (where s.kind = 'won') as days
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and o.deleted_at is null and s.kind <> 'void'
     and o.currency = coalesce(:currency, (select currency from company))
     and (s.kind = 'open' or (o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')))
     and (:owner is null or o.owner_id = :owner)
)
select open, mul_div(won, 10000, won + lost) as win_rate_bp, mul_div(won_amount_minor, 1, won) as mean_won_minor,
       mul_div(days, 1, timed) as mean_days,
       case when days > 0 then mul_div(mul_div(won_amount_minor, open, won + lost), timed, days) end as velocity_per_day_minor,
       coalesce(:currency, (select currency from company)) as currency
  from totals
 where won > 0 and timed > 0;

-- @query opportunity.rotting  Open opportunities that have stood in their stage longer than its limit.
-- @zh 停滞商机
-- @param owner id(app_user)?  Only his.
-- @param days int(1..3660)?  Another limit than the stage's own.
-- @param limit int(1..1000000)=200  How many at most.
with page as (
  select o.id
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null
     and o.stage_entered_on < date(today(), '-' || coalesce(:days, s.rot_days) || ' days')
     and (:owner is null or o.owner_id = :owner)
   order by o.stage_entered_on, o.id
   limit :limit
)
select o.id, o.code, o.name, o.customer, o.owner, o.stage_code, o.stage_zh, o.stage_en, o.stage_entered_on,
       cast(julianday(today()) - julianday(o.stage_entered_on) as integer) as in_stage_days,
       coalesce(:days, o.rot_days) as limit_days, o.amount_minor, o.currency,
       o.customer_id, o.owner_id, o.contact_id, o.next_step
  from page
 cross join opportunity_card o
 where o.id = page.id
 order by o.stage_entered_on, o.id;

-- @query opportunity.lost_reasons  Why opportunities were lost.
-- @zh 输单原因
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param owner id(app_user)?  Only his.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
with reasons as (
  select o.lost_reason, count(*) as n,
         coalesce(sum(o.amount_minor) filter (where o.currency = coalesce(:currency, (select currency from company))), 0) as amount_minor
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and s.kind = 'lost' and o.deleted_at is null
     and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')
     and (:owner is null or o.owner_id = :owner)
   group by o.lost_reason
)
select r.lost_reason as reason, l.name_zh as reason_zh, l.name_en as reason_en, r.n as count,
       mul_div(r.n, 10000, sum(r.n) over ()) as share_bp, r.amount_minor, coalesce(:currency, (select currency from company)) as currency
  from reasons r
  left join list_item l on l.list = 'lost_reason' and l.code = r.lost_reason
 order by r.n desc, r.lost_reason;

-- @query opportunity.by_month  Opportunities by month: entered, won, lost, and what was won.
-- @zh 月度商机趋势
-- @param from date?  First day.
-- @param to date?  Last day.
-- @param owner id(app_user)?  Only his.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
with entries as (
  select substr(o.opened_on, 1, 7) as month, 1 as entered, 0 as won, 0 as lost, 0 as won_amount_minor
    from opportunity o
   where o.deleted_at is null and o.opened_on >= coalesce(:from, '') and o.opened_on <= coalesce(:to, '9999-12-31')
     and (:owner is null or o.owner_id = :owner)
   union all
  select substr(o.closed_on, 1, 7), 0, case when s.kind = 'won' then 1 else 0 end, case when s.kind = 'lost' then 1 else 0 end,
         case when s.kind = 'won' and o.currency = coalesce(:currency, (select currency from company)) then o.amount_minor else 0 end
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and s.kind in ('won', 'lost') and o.deleted_at is null
     and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')
     and (:owner is null or o.owner_id = :owner)
)
select month, sum(entered) as entered, sum(won) as won, sum(lost) as lost,
       case when sum(won) + sum(lost) > 0 then mul_div(sum(won), 10000, sum(won) + sum(lost)) end as win_rate_bp,
       sum(won_amount_minor) as won_amount_minor, coalesce(:currency, (select currency from company)) as currency
  from entries
 group by month
 order by month;

-- @query opportunity.by_product  Opportunities by main product.
-- @zh 产品商机统计
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
select coalesce(p.name, '') as product, p.series, count(*) filter (where s.kind = 'won') as won,
       count(*) filter (where s.kind = 'lost') as lost, count(*) filter (where s.kind = 'open') as open,
       coalesce(sum(o.amount_minor) filter (where s.kind = 'won' and o.currency = coalesce(:currency, (select currency from company))), 0) as won_amount_minor,
       p.id as product_id, coalesce(:currency, (select currency from company)) as currency
  from stage s
  cross join opportunity o
  left join product p on p.id = o.product_id
 where o.stage_id = s.id and o.deleted_at is null
   and (s.kind = 'open' or (o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')))
 group by p.id, p.name, p.series
 order by won_amount_minor desc, product;
