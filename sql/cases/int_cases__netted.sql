-- model:  int_cases__netted
-- grain:  one row per row of settlement
-- inputs: stg_settlement, institution, int_cases__repeated_settlement, int_cases__reversal_match, int_cases__refund
-- params: $insutype, $med_type, $dise_codg, $hi_paymtd, $upload_code, $area_pattern, $out_of_area, $started_only, $completed_from
-- checks: not_null(fate); accepted(fate)
-- ref:    E01, A48, R05, R25, Y02, Y03, Y05, Y17, Y19
--
-- What becomes of each settlement row, first match wins: voids, duplicates, refunds (8.4), then the
-- scope of the policy. Amounts of `analysed` rows are net of their reversals. Lists are written
-- `|310|390|`; an empty list tests nothing. Identical copies are told apart by `is_repeated`.
with

-- An institution loaded twice stands once, with the later of its dates.
started as (
    select
        institution.fixmedins_code,
        max(institution.start_date) as start_date
    from institution
    group by institution.fixmedins_code
),

joined as (
    select
        stg_settlement.*,
        int_cases__repeated_settlement.setl_id is not null and not stg_settlement.is_void
            as is_repeated,
        coalesce(int_cases__repeated_settlement.is_conflicting, false) as is_conflicting,
        int_cases__reversal_match.original_setl_time,
        int_cases__refund.setl_id is not null as is_refunded,
        stg_settlement.fee_fen - coalesce(int_cases__refund.fee_fen, 0) as net_fee_fen,
        stg_settlement.inscope_fen - coalesce(int_cases__refund.inscope_fen, 0)
            as net_inscope_fen,
        stg_settlement.fund_fen - coalesce(int_cases__refund.fund_fen, 0) as net_fund_fen,
        started.start_date
    from stg_settlement
    left join int_cases__repeated_settlement
        on stg_settlement.setl_id = int_cases__repeated_settlement.setl_id
    left join int_cases__reversal_match
        on stg_settlement.setl_id = int_cases__reversal_match.setl_id
    left join int_cases__refund
        on stg_settlement.setl_id = int_cases__refund.setl_id
    left join started
        on stg_settlement.fixmedins_code = started.fixmedins_code
)

select
    joined.setl_id,
    case
        when joined.is_void then 'void'
        when joined.is_conflicting then 'duplicate_conflict'
        when joined.init_setl_id <> '' and joined.original_setl_time is not null
            then 'reversal'
        when joined.init_setl_id <> '' then 'orphan_refund'
        when joined.is_flagged_refund and joined.fee_fen < 0 then 'orphan_refund'
        when joined.is_refunded and joined.net_fee_fen = 0 then 'refund_full'
        when joined.is_refunded and joined.net_fee_fen < 0 then 'over_refund'
        when joined.is_flagged_refund and joined.fee_fen > 0 and not joined.is_refunded
            then 'refund_flag_only'
        when $insutype <> '' and strpos($insutype, concat('|', joined.insutype, '|')) = 0
            then 'scope_insutype'
        when $med_type <> '' and strpos($med_type, concat('|', joined.med_type, '|')) = 0
            then 'scope_med_type'
        when
            $out_of_area
            and (
                coalesce(joined.pay_loc, '') in ('3', '4')
                or (
                    $area_pattern <> ''
                    and coalesce(joined.insu_admdvs, '') <> ''
                    and not regexp_like(joined.insu_admdvs, $area_pattern)
                )
            )
            then 'scope_out_of_area'
        when strpos($upload_code, concat('|', coalesce(joined.upload_code, ''), '|')) > 0
            then 'scope_proxy_upload'
        when
            $dise_codg <> ''
            and strpos($dise_codg, concat('|', coalesce(joined.dise_codg, ''), '|')) = 0
            then 'scope_disease'
        when strpos($hi_paymtd, concat('|', coalesce(joined.hi_paymtd, ''), '|')) > 0
            then 'scope_paid_otherwise'
        when
            $started_only
            and (
                joined.start_date is null
                or cast(joined.start_date as date) > cast(joined.setl_time as date)
            )
            then 'scope_institution_not_started'
        when
            $completed_from is not null
            and (
                joined.setl_time < $completed_from
                or coalesce(joined.endtime, joined.setl_time) < $completed_from
            )
            then 'scope_before_start'
        else 'analysed'
    end as fate,
    joined.is_repeated,
    joined.psn_no,
    joined.mdtrt_id,
    joined.fixmedins_code,
    joined.insutype,
    joined.dise_codg,
    joined.begntime,
    joined.setl_time,
    joined.original_setl_time,
    joined.upload_time,
    joined.fee_fen as raw_fee_fen,
    joined.fund_fen as raw_fund_fen,
    joined.net_fee_fen as fee_fen,
    joined.net_inscope_fen as inscope_fen,
    joined.net_fund_fen as fund_fen
from joined
