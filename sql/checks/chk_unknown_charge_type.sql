-- model:  chk_unknown_charge_type
-- grain:  one row per fee line with a charge type or list type outside the dictionary
-- inputs: fee_item, dictionary
-- params: none
-- checks: none
-- ref:    E03, Y06
--
-- A line whose charge type nobody knows falls in no class (A14): it is named here, by its charge
-- type where both codes are unknown. An absent code is not judged.
with

coded as (
    select
        fee_item.setl_id,
        fee_item.feedetl_sn,
        fee_item.fee_ocur_time,
        fee_item.det_item_fee_sumamt,
        fee_item.med_chrgitm_type,
        fee_item.list_type,
        known_charge_type.code is null and coalesce(fee_item.med_chrgitm_type, '') <> ''
            as has_unknown_charge_type,
        known_list_type.code is null and coalesce(fee_item.list_type, '') <> ''
            as has_unknown_list_type
    from fee_item
    left join dictionary as known_charge_type
        on
            known_charge_type.field = 'med_chrgitm_type'
            and fee_item.med_chrgitm_type = known_charge_type.code
    left join dictionary as known_list_type
        on known_list_type.field = 'list_type' and fee_item.list_type = known_list_type.code
)

select
    'unknown_charge_type' as check_id,
    concat(coded.setl_id, '/', coded.feedetl_sn) as key,
    cast(null as varchar) as fixmedins_code,
    cast(extract(year from coded.fee_ocur_time) as bigint) as setl_year,
    case when coded.has_unknown_charge_type then 'med_chrgitm_type' else 'list_type' end
        as column_name,
    case when coded.has_unknown_charge_type then coded.med_chrgitm_type else coded.list_type end
        as value,
    fen(coded.det_item_fee_sumamt) as amount_fen
from coded
where coded.has_unknown_charge_type or coded.has_unknown_list_type
