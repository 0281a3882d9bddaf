//! Every page of `docs/runbooks`, by its name. Generated: `UPDATE=1 make test ARGS=every_runbook` writes it anew.

/// Names, and texts in Markdown.
pub const PAGES: &[(&str, &str)] = &[
    ("AbandonedCartsIncreasing", include_str!("../../docs/runbooks/AbandonedCartsIncreasing.md")),
    ("AvailabilitySLOBreach", include_str!("../../docs/runbooks/AvailabilitySLOBreach.md")),
    ("CheckoutAvailabilityBurnRate", include_str!("../../docs/runbooks/CheckoutAvailabilityBurnRate.md")),
    ("CheckoutLatencyBurnRate", include_str!("../../docs/runbooks/CheckoutLatencyBurnRate.md")),
    (
        "CriticalPaymentFailureRateByCountry",
        include_str!("../../docs/runbooks/CriticalPaymentFailureRateByCountry.md"),
    ),
    ("HighDatabaseConnectionUsage", include_str!("../../docs/runbooks/HighDatabaseConnectionUsage.md")),
    ("HighErrorRate", include_str!("../../docs/runbooks/HighErrorRate.md")),
    ("HighExternalServiceFailureRate", include_str!("../../docs/runbooks/HighExternalServiceFailureRate.md")),
    ("HighLatencyP95", include_str!("../../docs/runbooks/HighLatencyP95.md")),
    ("HighLatencyP99", include_str!("../../docs/runbooks/HighLatencyP99.md")),
    ("HighPaymentFailureRate", include_str!("../../docs/runbooks/HighPaymentFailureRate.md")),
    ("HighRedisMemoryUsage", include_str!("../../docs/runbooks/HighRedisMemoryUsage.md")),
    ("LatencySLOBreach", include_str!("../../docs/runbooks/LatencySLOBreach.md")),
    ("LowCheckoutConversionRate", include_str!("../../docs/runbooks/LowCheckoutConversionRate.md")),
    ("NoTrafficDetected", include_str!("../../docs/runbooks/NoTrafficDetected.md")),
    ("OTELCollectorHighDropRate", include_str!("../../docs/runbooks/OTELCollectorHighDropRate.md")),
    ("OTELCollectorHighMemory", include_str!("../../docs/runbooks/OTELCollectorHighMemory.md")),
    ("PaymentSLOBreach", include_str!("../../docs/runbooks/PaymentSLOBreach.md")),
    ("PaymentSuccessBurnRate", include_str!("../../docs/runbooks/PaymentSuccessBurnRate.md")),
    ("ServiceDown", include_str!("../../docs/runbooks/ServiceDown.md")),
    ("SlowPaymentProcessing", include_str!("../../docs/runbooks/SlowPaymentProcessing.md")),
    ("StorefrontAvailabilityBurnRate", include_str!("../../docs/runbooks/StorefrontAvailabilityBurnRate.md")),
    ("StorefrontLatencyBurnRate", include_str!("../../docs/runbooks/StorefrontLatencyBurnRate.md")),
    ("Watchdog", include_str!("../../docs/runbooks/Watchdog.md")),
];
