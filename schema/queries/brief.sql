-- @query result.brief  What was achieved in a period, compared with the period before and with the same one a year ago.
-- @zh 销售简报
-- @param period enum(week|month|quarter|year)=month  Which period: the whole one that holds the day.
-- @param of date?=today  The day.
-- @param person id(app_user)?=me  Whose results …
-- @param manager id(app_user)?  … or those of the people below this manager and his own …
-- @param company bool=no  … or all of which this station knows.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
-- @example period=quarter
-- @example period=month of=2017-12-01 company=yes
-- Counts stand in value, amounts in value_minor, rates in value_bp, and so on. The open pipeline is that of now: there is
-- nothing to compare it with. The change of a rate is the difference, that of the rest a part of the value before.
-- Values of metric: won_amount, won, lost, win_rate, new_opportunities, new_customers, interactions, visits, open, open_amount, weighted_amount.
with begin as (
  select case :period when 'week' then date(:of, '-6 days', 'weekday 1')
                      when 'month' then date(:of, 'start of month')
                      when 'quarter' then date(:of, 'start of month', '-' || ((cast(strftime('%m', :of) as integer) - 1) % 3) || ' months')
                      else date(:of, 'start of year') end as from_on,
         case :period when 'week' then '+7 days' when 'month' then '+1 month' when 'quarter' then '+3 months' else '+1 year' end as forth,
         case :period when 'week' then '-7 days' when 'month' then '-1 month' when 'quarter' then '-3 months' else '-1 year' end as back,
         case :period when 'week' then '-364 days' else '-1 year' end as year_back,
         60000 * coalesce((select b.utc_offset_minutes from app_user u join branch b on b.id = u.branch_id where u.id = actor()), 480) as offset_ms,
         coalesce(:currency, (select currency from company)) as currency
), span as (
  select 'value' as which, from_on, date(from_on, forth) as before_on from begin
   union all
  select 'previous', date(from_on, back), from_on from begin
   union all
  select 'previous_year', date(from_on, year_back), date(from_on, year_back, forth) from begin
), spans as materialized (
  select p.which, p.from_on, p.before_on, cast(strftime('%s', p.from_on) as integer) * 1000 - b.offset_ms as from_at,
         cast(strftime('%s', p.before_on) as integer) * 1000 - b.offset_ms as before_at
    from span p, begin b
), people as materialized (
  select coalesce(:person, actor()) as id where :manager is null and :company = 0
   union
  select :manager where :manager is not null and :company = 0
   union
  select user_id from person_below where manager_id = :manager and :company = 0
), closed as (
  select p.which, count(*) filter (where s.kind = 'won') as won, count(*) filter (where s.kind = 'lost') as lost,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'won' and o.currency = (select currency from begin)), 0) as amount_minor
    from spans p
    cross join stage s
    left join opportunity o
      on o.stage_id = s.id and o.deleted_at is null and o.closed_on >= p.from_on and o.closed_on < p.before_on
         and (:company = 1 or o.owner_id in (select id from people))
   where s.kind in ('won', 'lost') and o.id is not null
   group by p.which
), open as (
  select count(*) as n, coalesce(sum(o.amount_minor) filter (where o.currency = (select currency from begin)), 0) as amount_minor,
         coalesce(sum(mul_div(o.amount_minor, s.probability_bp, 10000)) filter (where o.currency = (select currency from begin)), 0) as weighted_minor
    from stage s
    cross join opportunity o
   where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null and (:company = 1 or o.owner_id in (select id from people))
), spoken as (
  select p.which, count(*) as n, count(*) filter (where i.kind = 'visit') as visits
    from spans p
    cross join interaction i
   where i.deleted_at is null and i.kind <> 'note' and i.happened_at >= p.from_at and i.happened_at < p.before_at
     and (:company = 1 or i.user_id in (select id from people))
   group by p.which
), figures (which, place, metric, unit, figure) as (
  select p.which, 1, 'won_amount', 'minor', coalesce(c.amount_minor, 0) from spans p left join closed c on c.which = p.which
   union all
  select p.which, 2, 'won', 'count', coalesce(c.won, 0) from spans p left join closed c on c.which = p.which
   union all
  select p.which, 3, 'lost', 'count', coalesce(c.lost, 0) from spans p left join closed c on c.which = p.which
   union all
  select p.which, 4, 'win_rate', 'bp', mul_div(c.won, 10000, c.won + c.lost) from spans p left join closed c on c.which = p.which
   union all
  select p.which, 5, 'new_opportunities', 'count',
         (select count(*) from opportunity o
           where o.deleted_at is null and o.opened_on >= p.from_on and o.opened_on < p.before_on
             and (:company = 1 or o.owner_id in (select id from people)))
    from spans p
   union all
  select p.which, 6, 'new_customers', 'count',
         (select count(*) from customer c
           where c.deleted_at is null and c.registered_on >= p.from_on and c.registered_on < p.before_on
             and (:company = 1 or c.owner_id in (select id from people)))
    from spans p
   union all
  select p.which, 7, 'interactions', 'count', coalesce(i.n, 0) from spans p left join spoken i on i.which = p.which
   union all
  select p.which, 8, 'visits', 'count', coalesce(i.visits, 0) from spans p left join spoken i on i.which = p.which
   union all
  select 'value', 9, 'open', 'count', n from open
   union all
  select 'value', 10, 'open_amount', 'minor', amount_minor from open
   union all
  select 'value', 11, 'weighted_amount', 'minor', weighted_minor from open
), sides as (
  select place, metric, unit, max(figure) filter (where which = 'value') as now,
         max(figure) filter (where which = 'previous') as before, max(figure) filter (where which = 'previous_year') as year_before
    from figures
   group by place, metric, unit
)
select s.metric,
       case s.unit when 'count' then s.now end as value, case s.unit when 'minor' then s.now end as value_minor,
       case s.unit when 'bp' then s.now end as value_bp,
       case s.unit when 'count' then s.before end as previous, case s.unit when 'minor' then s.before end as previous_minor,
       case s.unit when 'bp' then s.before end as previous_bp,
       case when s.unit = 'bp' then s.now - s.before else mul_div(s.now - s.before, 10000, s.before) end as change_bp,
       case s.unit when 'count' then s.year_before end as previous_year, case s.unit when 'minor' then s.year_before end as previous_year_minor,
       case s.unit when 'bp' then s.year_before end as previous_year_bp,
       case when s.unit = 'bp' then s.now - s.year_before else mul_div(s.now - s.year_before, 10000, s.year_before) end as change_year_bp,
       b.currency, p.from_on, date(p.before_on, '-1 day') as to_on
  from sides s
  join begin b
  join spans p on p.which = 'value'
 order by s.place;
