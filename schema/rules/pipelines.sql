-- @rule pipeline.code_taken  Two pipelines do not have the same code.
-- @zh 销售流程代码不能重复
-- @tables pipeline
-- @since 1
select c.row_key as row_key, 'code' as field
  from changed c
  join pipeline p on p.code = c.new_text and p.id <> c.row_key
 where c.table_name = 'pipeline' and c.column_name = 'code';

-- @rule stage.code_taken  Two stages of a pipeline do not have the same code.
-- @zh 同一流程的阶段代码不能重复
-- @tables stage
-- @since 1
select t.row_key as row_key, 'code' as field
  from touched t
  join stage s on s.id = t.row_key
  join stage other on other.code = s.code and other.pipeline_id = s.pipeline_id and other.id <> s.id
 where t.table_name = 'stage';

-- @rule stage.fixed  A stage keeps its kind and its pipeline: closed deals would change their meaning.
-- @zh 阶段的类型和所属流程不可修改
-- @tables stage
-- @since 1
select c.row_key as row_key, case when c.column_name = 'kind' then 'kind' else 'pipeline' end as field
  from changed c
 where c.table_name = 'stage' and c.column_name in ('kind', 'pipeline_id')
   and (c.old_text is not null or c.old_blob is not null);
