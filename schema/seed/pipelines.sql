-- The pipeline that every company starts with.
insert into pipeline (id, code, name_zh, name_en, allows_backward, is_default) values
  (text_key('pipeline/standard'), 'standard', '标准销售流程', 'Standard', 1, 1);

insert into stage (id, pipeline_id, code, name_zh, name_en, position, kind, probability_bp, rot_days) values
  (text_key('stage/standard/new'), text_key('pipeline/standard'), 'new', '新建', 'New', 10, 'open', 1000, 14),
  (text_key('stage/standard/qualified'), text_key('pipeline/standard'), 'qualified', '需求明确', 'Qualified', 20, 'open', 3000, 21),
  (text_key('stage/standard/proposal'), text_key('pipeline/standard'), 'proposal', '方案验证', 'Proposal', 30, 'open', 5000, 30),
  (text_key('stage/standard/business_case'), text_key('pipeline/standard'), 'business_case', '立项汇报', 'Business case', 40, 'open', 7000, 30),
  (text_key('stage/standard/procurement'), text_key('pipeline/standard'), 'procurement', '商务采购', 'Procurement', 50, 'open', 9000, 30),
  (text_key('stage/standard/won'), text_key('pipeline/standard'), 'won', '成功', 'Won', 60, 'won', 10000, null),
  (text_key('stage/standard/lost'), text_key('pipeline/standard'), 'lost', '失败', 'Lost', 70, 'lost', 0, null),
  (text_key('stage/standard/void'), text_key('pipeline/standard'), 'void', '无效', 'Void', 80, 'void', 0, null);
