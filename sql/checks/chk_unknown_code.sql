-- model:  chk_unknown_code
-- grain:  one row per settlement and code that its dictionary does not have
-- inputs: stg_settlement, dictionary, institution
-- params: $institution_loaded
-- checks: none
-- ref:    E03, J11, Y06
--
-- Codes outside the national dictionaries (8.3) and institutions missing from their table. Local
-- extensions of the medical categories are known: 99 with what follows it, four digits from 9 on
-- (9101…).
with

listed as (
    select distinct institution.fixmedins_code
    from institution
),

coded as (
    select
        stg_settlement.setl_id,
        stg_settlement.fixmedins_code,
        stg_settlement.setl_time,
        stg_settlement.fee_fen,
        stg_settlement.med_type,
        stg_settlement.insutype,
        known_med_type.code is null
        and coalesce(stg_settlement.med_type, '') not like '99%'
        and coalesce(stg_settlement.med_type, '') not like '9___' as has_unknown_med_type,
        known_insutype.code is null as has_unknown_insutype,
        $institution_loaded and listed.fixmedins_code is null as has_unknown_institution
    from stg_settlement
    left join dictionary as known_med_type
        on known_med_type.field = 'med_type' and stg_settlement.med_type = known_med_type.code
    left join dictionary as known_insutype
        on known_insutype.field = 'insutype' and stg_settlement.insutype = known_insutype.code
    left join listed
        on stg_settlement.fixmedins_code = listed.fixmedins_code
    where not stg_settlement.is_void
)

select
    'unknown_med_type' as check_id,
    coded.setl_id as key,
    coded.fixmedins_code,
    cast(extract(year from coded.setl_time) as bigint) as setl_year,
    'med_type' as column_name,
    coded.med_type as value,
    coded.fee_fen as amount_fen
from coded
where coded.has_unknown_med_type
union all
select
    'unknown_insutype' as check_id,
    coded.setl_id as key,
    coded.fixmedins_code,
    cast(extract(year from coded.setl_time) as bigint) as setl_year,
    'insutype' as column_name,
    coded.insutype as value,
    coded.fee_fen as amount_fen
from coded
where coded.has_unknown_insutype
union all
select
    'unknown_institution' as check_id,
    coded.setl_id as key,
    coded.fixmedins_code,
    cast(extract(year from coded.setl_time) as bigint) as setl_year,
    'fixmedins_code' as column_name,
    coded.fixmedins_code as value,
    coded.fee_fen as amount_fen
from coded
where coded.has_unknown_institution
