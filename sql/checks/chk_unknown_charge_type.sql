-- model:  chk_unknown_charge_type
-- grain:  one row per fee line with a charge type or list type outside the dictionary
-- inputs: fee_item, dictionary
-- params: none
-- checks: none
-- ref:    E03, Y06
--
-- A line whose charge type nobody knows falls in no class (A14): it is named here. An absent code is
-- not judged.
select
    'unknown_charge_type' as check_id,
    concat(fee_item.setl_id, '/', fee_item.feedetl_sn) as key,
    cast(null as varchar) as fixmedins_code,
    cast(extract(year from fee_item.fee_ocur_time) as bigint) as setl_year,
    case when known_charge_type.code is null then 'med_chrgitm_type' else 'list_type' end
        as column_name,
    case when known_charge_type.code is null then fee_item.med_chrgitm_type
        else fee_item.list_type end as value,
    cast(fee_item.det_item_fee_sumamt * 100 as bigint) as amount_fen
from fee_item
left join dictionary as known_charge_type
    on
        known_charge_type.field = 'med_chrgitm_type'
        and fee_item.med_chrgitm_type = known_charge_type.code
left join dictionary as known_list_type
    on known_list_type.field = 'list_type' and fee_item.list_type = known_list_type.code
where
    (known_charge_type.code is null and fee_item.med_chrgitm_type <> '')
    or (known_list_type.code is null and fee_item.list_type <> '')
