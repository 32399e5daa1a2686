-- model:  int_cases__netted
-- grain:  one row per row of settlement
-- inputs: stg_settlement, institution, int_cases__repeated_settlement, int_cases__reversal_match, int_cases__refund
-- params: $insutype, $med_type, $dise_codg, $hi_paymtd, $upload_code, $areas, $out_of_area, $started_only, $completed_from
-- checks: not_null(fate); accepted(fate)
-- ref:    E01, A45, A48, R03, R05, R25, Y02, Y03, Y05, Y17, Y19
--
-- What becomes of each settlement row, first match wins: voids, duplicates, refunds (8.4), then the
-- scope of the policy. Amounts of `analysed` rows are net of their reversals. Lists are written
-- `|310|390|`; an empty list tests nothing. Identical copies are told apart by `is_repeated`; whether a
-- row is in scope is said of every row, refunds included.
with

-- An institution loaded twice stands once, with the later of its dates.
started as (
    select
        institution.fixmedins_code,
        max(institution.start_date) as start_date
    from institution
    group by institution.fixmedins_code
),

-- What is known of the few ids that stand twice, take back or are taken back, an id a row, so that
-- the many rows are joined once.
known as (
    select
        int_cases__repeated_settlement.setl_key,
        true as is_repeated,
        int_cases__repeated_settlement.is_conflicting,
        arrow_cast(null, 'Timestamp(Microsecond, None)') as original_case_time,
        false as is_refunded,
        0 as fee_fen,
        0 as inscope_fen,
        0 as fund_fen
    from int_cases__repeated_settlement
    union all
    select
        id_key(int_cases__reversal_match.setl_id) as setl_key,
        false as is_repeated,
        false as is_conflicting,
        int_cases__reversal_match.original_case_time,
        false as is_refunded,
        0 as fee_fen,
        0 as inscope_fen,
        0 as fund_fen
    from int_cases__reversal_match
    union all
    select
        id_key(int_cases__refund.setl_id) as setl_key,
        false as is_repeated,
        false as is_conflicting,
        arrow_cast(null, 'Timestamp(Microsecond, None)') as original_case_time,
        true as is_refunded,
        int_cases__refund.fee_fen,
        int_cases__refund.inscope_fen,
        int_cases__refund.fund_fen
    from int_cases__refund
),

event as (
    select
        known.setl_key,
        bool_or(known.is_repeated) as is_repeated,
        bool_or(known.is_conflicting) as is_conflicting,
        max(known.original_case_time) as original_case_time,
        bool_or(known.is_refunded) as is_refunded,
        sum(known.fee_fen) as fee_fen,
        sum(known.inscope_fen) as inscope_fen,
        sum(known.fund_fen) as fund_fen
    from known
    group by known.setl_key
),

joined as (
    select
        stg_settlement.*,
        coalesce(event.is_repeated, false) and not stg_settlement.is_void as is_repeated,
        coalesce(event.is_conflicting, false) as is_conflicting,
        event.original_case_time,
        coalesce(event.original_case_time, stg_settlement.case_time) as visit_time,
        coalesce(event.is_refunded, false) as is_refunded,
        stg_settlement.fee_fen - coalesce(event.fee_fen, 0) as net_fee_fen,
        stg_settlement.inscope_fen - coalesce(event.inscope_fen, 0) as net_inscope_fen,
        stg_settlement.fund_fen - coalesce(event.fund_fen, 0) as net_fund_fen,
        started.start_date
    from stg_settlement
    left join event
        on stg_settlement.setl_key = event.setl_key
    left join started
        on stg_settlement.fixmedins_code = started.fixmedins_code
),

-- The scope is that of a refund too: it is one of the policy's earlier years only inside it.
judged as (
    select
        joined.*,
        case
            when $insutype <> '' and not listed($insutype, joined.insutype)
                then 'scope_insutype'
            when $med_type <> '' and not listed($med_type, joined.med_type)
                then 'scope_med_type'
            when
                $out_of_area
                and (
                    listed('|3|4|', joined.pay_loc)
                    or (
                        $areas <> ''
                        and coalesce(joined.insu_admdvs, '') <> ''
                        and not begins($areas, joined.insu_admdvs)
                    )
                )
                then 'scope_out_of_area'
            when listed($upload_code, joined.upload_code)
                then 'scope_proxy_upload'
            when $dise_codg <> '' and not listed($dise_codg, joined.dise_codg) then 'scope_disease'
            when listed($hi_paymtd, joined.hi_paymtd)
                then 'scope_paid_otherwise'
            when
                $started_only
                and (
                    joined.start_date is null
                    or cast(joined.start_date as date) > cast(joined.visit_time as date)
                )
                then 'scope_institution_not_started'
            when
                $completed_from is not null
                and (
                    joined.visit_time < $completed_from
                    or coalesce(joined.endtime, joined.setl_time) < $completed_from
                )
                then 'scope_before_start'
        end as out_of_scope
    from joined
)

select
    judged.setl_key,
    judged.setl_id,
    case
        when judged.is_void then 'void'
        when judged.is_conflicting then 'duplicate_conflict'
        when judged.init_setl_id <> '' and judged.original_case_time is not null
            then 'reversal'
        when judged.init_setl_id <> '' then 'orphan_refund'
        when judged.is_flagged_refund and judged.fee_fen < 0 then 'orphan_refund'
        when judged.is_refunded and judged.net_fee_fen = 0 then 'refund_full'
        when judged.is_refunded and judged.net_fee_fen < 0 then 'over_refund'
        when judged.is_flagged_refund and judged.fee_fen > 0 and not judged.is_refunded
            then 'refund_flag_only'
        else coalesce(judged.out_of_scope, 'analysed')
    end as fate,
    judged.out_of_scope is null as is_in_scope,
    judged.is_repeated,
    judged.psn_no,
    judged.mdtrt_id,
    judged.fixmedins_code,
    judged.insutype,
    judged.dise_codg,
    judged.begntime,
    judged.setl_time,
    judged.case_time,
    judged.original_case_time,
    judged.upload_time,
    judged.fee_fen as raw_fee_fen,
    judged.fund_fen as raw_fund_fen,
    judged.net_fee_fen as fee_fen,
    judged.net_inscope_fen as inscope_fen,
    judged.net_fund_fen as fund_fen
from judged
