-- What holds until headquarters decides otherwise (setting.set). The company's name and currency are not here: genesis sets
-- them; while there is no currency it is CNY (view company), and the first import of opportunities decides.
insert into setting (id, name, value) values
  (text_key('setting/follow_up.neglected_days'), 'follow_up.neglected_days', '30'),
  (text_key('setting/follow_up.first_contact_hours'), 'follow_up.first_contact_hours', '24'),
  (text_key('setting/follow_up.overdue_days'), 'follow_up.overdue_days', '3'),
  (text_key('setting/pool.claim_limit'), 'pool.claim_limit', '200');
