-- @command pipeline.register  Make a pipeline, or change the one with this code.
-- @zh 维护销售流程
-- @roles hq
-- @may_noop
-- @param code text(63)  Its code.
-- @param name_zh text(100)?  Name in Chinese; the code when a new pipeline has none.
-- @param name_en text(100)?  Name in English; the code when a new pipeline has none.
-- @param allows_backward bool?  Whether an opportunity may go back to an earlier stage.
-- @param is_default bool?  Whether new opportunities begin here.
-- @param active bool?  Whether new opportunities may begin here at all.
-- @example code=crm name_zh=导入 name_en=CRM
insert into pipeline (id, code, name_zh, name_en, allows_backward, active)
select text_key('pipeline/' || :code), :code, coalesce(:name_zh, :code), coalesce(:name_en, :code), coalesce(:allows_backward, 0), coalesce(:active, 1)
 where not exists (select 1 from pipeline where code = :code)
on conflict (id) do nothing;
update pipeline
   set name_zh = coalesce(:name_zh, name_zh), name_en = coalesce(:name_en, name_en),
       allows_backward = coalesce(:allows_backward, allows_backward), active = coalesce(:active, active)
 where code = :code;
-- There is one default.
update pipeline
   set is_default = case when code = :code then 1 else 0 end
 where :is_default = 1;
select id, code, name_zh, name_en, allows_backward, is_default, active from pipeline where code = :code;

-- @command stage.register  Add a stage to a pipeline, or change the one with this code.
-- @zh 维护销售阶段
-- @roles hq
-- @may_noop
-- @param pipeline code(pipeline)  The pipeline.
-- @param code text(63)  The stage's code.
-- @param name_zh text(100)?  Name in Chinese; the code when a new stage has none.
-- @param name_en text(100)?  Name in English; the code when a new stage has none.
-- @param position int(0..1000000)?  Where it stands; after the others when not given.
-- @param kind enum(open|won|lost|void)?  What it means; open when not given. A stage keeps its kind.
-- @param probability bp?  How likely it is that an opportunity here is won.
-- @param rot_days int(1..3660)?  After how many days here an opportunity counts as stuck.
-- @param active bool?  Whether opportunities may enter it.
-- @example pipeline=crm code=engaging name_zh=洽谈中 name_en=Engaging kind=open probability=50% position=20
select require(:probability is null or :probability between 0 and 10000, 'probability.range', 'probability',
               'A probability lies between 0 % and 100 %.'),
       require(:kind is null or not exists (select 1 from stage
                                             where pipeline_id = :pipeline and code = :code and kind <> :kind),
               'stage.kind_fixed', 'kind', 'A stage keeps its kind; make another stage.');
insert into stage (id, pipeline_id, code, name_zh, name_en, position, kind, probability_bp, rot_days, active)
select text_key('stage/' || p.code || '/' || :code), p.id, :code, coalesce(:name_zh, :code), coalesce(:name_en, :code),
       coalesce(:position, (select max(s.position) + 10 from stage s where s.pipeline_id = p.id), 10),
       coalesce(:kind, 'open'), coalesce(:probability, case when :kind = 'won' then 10000 else 0 end), :rot_days, coalesce(:active, 1)
  from pipeline p
 where p.id = :pipeline
   and not exists (select 1 from stage s where s.pipeline_id = p.id and s.code = :code)
on conflict (id) do nothing;
update stage
   set name_zh = coalesce(:name_zh, name_zh), name_en = coalesce(:name_en, name_en), position = coalesce(:position, position),
       probability_bp = coalesce(:probability, probability_bp), rot_days = coalesce(:rot_days, rot_days), active = coalesce(:active, active)
 where pipeline_id = :pipeline and code = :code;
select id, code, name_zh, name_en, position, kind, probability_bp, rot_days, active
  from stage
 where pipeline_id = :pipeline and code = :code;
