-- 金华: head budgets of signed people and the unsigned pool by points (4.2, 4.3, A25–A28, R07–R11), months of
-- the area over F (R10). Rows of an institution in several parts are added up.
-- use netted
-- use letters

-- stage units
lead as (
    select consortium, min(fixmedins_code) as unit from institution
    where coalesce(consortium, '') <> '' and lead = '1' group by consortium
)
select
    institution.fixmedins_code, coalesce(lead.unit, institution.fixmedins_code) as unit,
    coalesce(institution.eligible, '1') <> '0' as eligible
from institution left join lead on lead.consortium = institution.consortium

-- stage signed
-- The first month of the year under the contract; 13: none.
begun as (
    select distinct
        psn_no, coalesce(signed_fixmedins_code, '') as contract,
        cast(months_insured as int) as insured,
        case
            when coalesce(signed_fixmedins_code, '') = '' then 13
            when sign_begin is null or sign_begin <= make_date({year}, 1, 1) then 1
            when extract(year from sign_begin) > {year} then 13
            when extract(day from sign_begin) = 1 and date_trunc('day', sign_begin) = sign_begin
                then cast(extract(month from sign_begin) as int)
            else cast(extract(month from sign_begin) as int) + 1
        end as first_month
    from enrollee where year = {year}
)
select
    begun.*, coalesce(units.unit, begun.contract) as unit,
    least(insured, 13 - first_month) as months
from begun left join units on units.fixmedins_code = begun.contract

-- stage scoped
main_ranked as (
    select setl_id, diag_code,
        row_number() over (
            partition by setl_id
            order by case when maindiag_flag = '1' then 0 else 1 end, diag_srt_no, diag_code
        ) as place
    from diagnosis
)
select
    classed.*,
    case when letters = 'QY' then 'QY' else substr(letters, 1, 1) end
        || '_' || substr(main_ranked.diag_code, 1, 3) as group_code
from classed
left join main_ranked on main_ranked.setl_id = classed.setl_id and main_ranked.place = 1
where insutype in ('310', '390') and med_type in ('11', '13', '14')

-- stage visits
-- Whose money a visit is, and who gets it: the unit inside which its person is signed and treated, else the
-- institution visited.
told as (
    select
        scoped.*, coalesce(units.unit, scoped.fixmedins_code) as visited_unit,
        coalesce(units.eligible, false) as eligible,
        case when first_month <= month then signed.unit end as contract_unit,
        case
            when fee = 0 then 0
            when catalog.points is not null then catalog.points
            -- 0.7 × fee ÷ M × 100 in ten-thousandths, M in ten-thousandths of a yuan.
            else cast(floor((2 * 70000000 * cast(fee as decimal(38, 0)) + base.mean) / (2 * base.mean)) as bigint)
        end as worth
    from scoped
    cross join base
    left join catalog on catalog.group_code = scoped.group_code
    left join units on units.fixmedins_code = scoped.fixmedins_code
    left join signed on signed.psn_no = scoped.psn_no
    where scoped.year = {year}
)
select
    cast(coalesce(contract_unit, 'unsigned') as varchar) as part, month, fee, fund,
    fixmedins_code as visited, contract_unit = visited_unit as inside,
    case when contract_unit is null and eligible and fee <> 0 then true end as shares,
    cast(case when contract_unit = visited_unit then contract_unit else fixmedins_code end as varchar)
        as payee, worth
from told

-- stage parts
months as (
    select unit as part, sum(months) as months from signed where first_month <= 12 group by unit
    union all
    select 'unsigned', sum(insured) - sum(case when first_month <= 12 then months else 0 end) from signed
),
floored as (
    select
        part, months, fen, cast(fen as decimal(38, 0)) * months as product,
        cast(sum(months) over () as decimal(38, 0)) as whole
    from months
    cross join (
        select cast(amount * 100 as bigint) as fen from budget
        where year = {year} and pool = 'all' and item = 'budget'
    )
),
ranked as (
    select *, cast(floor(product / whole) as bigint) as share,
        row_number() over (
            order by product - cast(floor(product / whole) as decimal(38, 0)) * whole desc,
                part = 'unsigned', part
        ) as place
    from floored
),
budgets as (
    select part, share + case when place <= fen - sum(share) over () then 1 else 0 end as budget from ranked
),
charged as (
    select
        part, sum(fund) as booked,
        sum(case when inside or shares then 0 else fund end) as as_booked
    from visits group by part
)
select
    budgets.part, budget, coalesce(booked, 0) as booked,
    -- A + 0.95 × (F − A) on both sides, half up; here never below 0.
    cast(floor(cast(5 * coalesce(booked, 0) + 95 * budget + 50 as decimal(38, 0)) / 100) as bigint)
        - coalesce(as_booked, 0) as rest
from budgets left join charged on charged.part = budgets.part

-- stage own
select 'all' as pool, visited as fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
    sum(worth) as points, 0 as as_booked
from visits where shares group by visited

-- stage money
select 'all' as pool, rest as fen from parts where part = 'unsigned'

-- stage cased
select 'all' as pool, month, payee as fixmedins_code, fund from visits

-- stage quota_money
select pool, cast(amount * 100 as bigint) as fen from budget
where year = {year} and pool = 'all' and item = 'budget'

-- stage before
select 'all' as pool, month, sum(fund_cleared) as booked from found
where year = {year} - 1 and (fee_back_same_year = 0 or fee_cleared > 0)
    and insutype in ('310', '390') and med_type in ('11', '13', '14')
group by month

-- use by-points
-- use by-months

-- stage prior
-- Refunds of the year, of settlements of earlier years, at their own fund amount.
select first.fixmedins_code, sum(back.fund) as refund
from back join once first on first.setl_id = back.init_setl_id
where extract(year from back.setl_time) = {year} and extract(year from back.first_time) < {year}
    and first.insutype in ('310', '390') and first.med_type in ('11', '13', '14')
group by first.fixmedins_code

-- stage second
booked_rows as (
    select payee as fixmedins_code, count(*) as cases, sum(fee) as cost, sum(fund) as booked,
        sum(case when inside or shares then 0 else fund end) as as_booked
    from visits group by payee
),
names as (
    select fixmedins_code from booked_rows
    union select part from parts where part <> 'unsigned'
    union select fixmedins_code from prior
),
put as (
    select
        names.fixmedins_code, coalesce(booked_rows.cases, 0) as cases,
        coalesce(booked_rows.cost, 0) as cost, coalesce(booked_rows.booked, 0) as booked,
        coalesce(entitled.points, 0) as points,
        coalesce(booked_rows.as_booked, 0) + coalesce(parts.rest, 0) + coalesce(entitlement, 0) as paid,
        coalesce(advance, 0) as advanced, coalesce(refund, 0) as refund
    from names
    left join booked_rows on booked_rows.fixmedins_code = names.fixmedins_code
    left join entitled on entitled.fixmedins_code = names.fixmedins_code
    left join parts on parts.part = names.fixmedins_code
    left join advanced on advanced.fixmedins_code = names.fixmedins_code
    left join prior on prior.fixmedins_code = names.fixmedins_code
)
select 'all' as pool, fixmedins_code, cases, cost, booked, points, paid, advanced,
    paid - advanced - refund as balance
from put

-- stage ran_institution
-- Points divide the unsigned pool alone.
select
    scenario, 'all' as pool, fixmedins_code, sum(cases) as cases, sum(cost_yuan) as cost_yuan,
    sum(fund_booked_yuan) as fund_booked_yuan,
    sum(case when pool = 'unsigned' then points else 0 end) as points, sum(paid_yuan) as paid_yuan,
    sum(advanced_yuan) as advanced_yuan, sum(balance_yuan) as balance_yuan
from run_institution group by scenario, fixmedins_code
