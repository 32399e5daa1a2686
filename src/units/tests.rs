//! Tests of money, points and allocation.
