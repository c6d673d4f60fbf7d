-- @command opportunity.import  Add an opportunity from a file, once: found again by its key, which becomes its code.
-- @zh 导入商机
-- @roles hq
-- @may_noop
-- @param key text(63)  Its id in the file.
-- @param name text(200)?  What it is about; product and customer when not given.
-- @param pipeline code(pipeline)  The pipeline.
-- @param stage text(63)  Code of its present stage.
-- @param reached text(63)?  For a closed one: code of the last open stage it was in; the pipeline's last when not given.
-- @param owner id(app_user)?  Who follows it.
-- @param customer id(customer)?  The customer, if known.
-- @param product id(product)?  The main product.
-- @param amount money?  What it brought or may bring; the product's list price when not given.
-- @param currency text(3)?  Currency of the amount; the company's when not given. The first opportunities imported decide the company's.
-- @param engaged_on date?  When it entered the pipeline; unknown when not given.
-- @param closed_on date?  When it was closed.
-- @param expected_close_on date?  When it may be decided.
-- @param lost_reason text(63)=unknown  For a lost one: why, from the list lost_reason.
-- @param lost_note text(1000)?  For a lost one: what happened.
-- @param source text(63)=import  How it came to us, from the list source.
-- @param mode enum(skip|update)=skip  What to do when it is there already: leave it, or take over what the file says.
-- @example key=1C1I7A6R pipeline=crm stage=won owner="Moses Frase" product="GTX Plus Basic" customer=Cancity amount=1054 engaged_on=2016-10-20 closed_on=2017-03-01
select require(exists (select 1 from stage where pipeline_id = :pipeline and code = :stage),
               'stage.unknown', 'stage', 'A stage of the pipeline: '
               || coalesce((select group_concat(code, ', ') from stage where pipeline_id = :pipeline), 'there is none yet')),
       require(:reached is null or exists (select 1 from stage where pipeline_id = :pipeline and code = :reached and kind = 'open'),
               'stage.unknown', 'reached', 'An open stage of the pipeline.'),
       require(:amount is null or :amount >= 0, 'amount.negative', 'amount', 'An amount is not below zero.'),
       require(exists (select 1 from list_item where list = 'lost_reason' and code = :lost_reason),
               'list.unknown', 'lost_reason', 'Not in the list; it has: ' || (select codes from list_choices where list = 'lost_reason')),
       require(exists (select 1 from list_item where list = 'source' and code = :source),
               'list.unknown', 'source', 'Not in the list; it has: ' || (select codes from list_choices where list = 'source')),
       require(:closed_on is not null
               or not exists (select 1 from stage where pipeline_id = :pipeline and code = :stage and kind in ('won', 'lost')),
               'parameter.missing', 'closed_on', 'A won or lost opportunity has the date when it was closed.'),
       require(:engaged_on is null or :closed_on is null or :engaged_on <= :closed_on,
               'date.order', 'closed_on', 'It was closed before it entered the pipeline.');
-- A company that has no opportunity yet works in the currency of its first import: sums are made in the company's
-- currency, and would all be nothing in another.
insert into setting (id, name, value)
select text_key('setting/company.currency'), 'company.currency', upper(:currency)
 where :currency is not null and not exists (select 1 from opportunity)
on conflict (id) do update set value = excluded.value where setting.value <> excluded.value;
insert into opportunity (id, code, name, customer_id, product_id, pipeline_id, stage_id, stage_entered_on, opened_on, closed_on,
                         lost_reason, lost_note, amount_minor, currency, expected_close_on, source, owner_id)
select text_key('opportunity/' || :key), :key,
       substr(coalesce(:name, p.name || coalesce(' – ' || c.name, ''), c.name, :key), 1, 200),
       :customer, :product, s.pipeline_id, s.id,
       case when s.kind = 'open' then :engaged_on else :closed_on end, :engaged_on,
       case when s.kind <> 'open' then :closed_on end,
       case when s.kind = 'lost' then :lost_reason end, case when s.kind = 'lost' then :lost_note end,
       coalesce(:amount, p.list_price_minor, 0),
       coalesce(upper(:currency), case when :amount is null then p.currency end, company.currency),
       :expected_close_on, :source, :owner
  from company
  join stage s on s.pipeline_id = :pipeline and s.code = :stage
  left join product p on p.id = :product
  left join customer c on c.id = :customer
 where not exists (select 1 from opportunity where code = :key)
on conflict (id) do nothing;
-- The steps it took: every open stage up to the one it reached, then the closing one. Only the last open stage
-- and the closing have known dates.
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on)
with steps as (
  select s.id, s.code, s.kind, row_number() over (order by s.kind <> 'open', s.position) as n
    from stage s
    join stage t on t.pipeline_id = s.pipeline_id and t.code = :stage
    left join stage r on r.pipeline_id = s.pipeline_id and r.code = :reached
   where s.pipeline_id = :pipeline
     and (s.id = t.id
          or (s.kind = 'open'
              and (s.position < t.position or t.kind <> 'open')
              and (t.kind = 'open' or r.id is null or s.position <= r.position)))
)
select text_key('opportunity/' || :key || '/' || s.code), o.id, before.id, s.id,
       case when s.kind <> 'open' then :closed_on
            when following.id is null or following.kind <> 'open' then :engaged_on end
  from steps s
  join opportunity o on o.code = :key
  left join steps before on before.n = s.n - 1
  left join steps following on following.n = s.n + 1
 where not exists (select 1 from opportunity_stage_event e where e.opportunity_id = o.id)
on conflict (id) do nothing;
update opportunity
   set name = coalesce(:name, name), customer_id = coalesce(:customer, customer_id), product_id = coalesce(:product, product_id),
       owner_id = coalesce(:owner, owner_id), amount_minor = coalesce(:amount, amount_minor),
       currency = coalesce(upper(:currency), currency), expected_close_on = coalesce(:expected_close_on, expected_close_on),
       opened_on = coalesce(:engaged_on, opened_on)
 where code = :key and deleted_at is null and :mode = 'update';
-- The file knows of a later step of one that is still open here.
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on)
select new_id(), o.id, o.stage_id, t.id, case when t.kind = 'open' then :engaged_on else :closed_on end
  from opportunity o
  join stage f on f.id = o.stage_id
  join stage t on t.pipeline_id = o.pipeline_id and t.code = :stage
 where o.code = :key and o.deleted_at is null and :mode = 'update'
   and o.pipeline_id = :pipeline and f.kind = 'open' and t.position > f.position;
update opportunity
   set stage_entered_on = case when (select kind from stage where pipeline_id = :pipeline and code = :stage) = 'open'
                               then :engaged_on else :closed_on end,
       closed_on = case when (select kind from stage where pipeline_id = :pipeline and code = :stage) <> 'open' then :closed_on end,
       lost_reason = case when (select kind from stage where pipeline_id = :pipeline and code = :stage) = 'lost' then :lost_reason end,
       lost_note = case when (select kind from stage where pipeline_id = :pipeline and code = :stage) = 'lost' then :lost_note end,
       stage_id = (select id from stage where pipeline_id = :pipeline and code = :stage)
 where code = :key and deleted_at is null and :mode = 'update' and pipeline_id = :pipeline
   and (select f.kind = 'open' and t.position > f.position
          from stage f
          join stage t on t.pipeline_id = f.pipeline_id and t.code = :stage
         where f.id = opportunity.stage_id);
select id, code, name from opportunity where code = :key limit 1;
