#pragma once

#include <array>
#include <string_view>

namespace outrigger::stats {

struct HistogramBound {
  std::string_view text;
  double value;
};
// Envoy's default bounds, in milliseconds for times.
inline constexpr auto kHistogramBounds = std::to_array<HistogramBound>({{"0.5", 0.5},
                                                                        {"1", 1},
                                                                        {"5", 5},
                                                                        {"10", 10},
                                                                        {"25", 25},
                                                                        {"50", 50},
                                                                        {"100", 100},
                                                                        {"250", 250},
                                                                        {"500", 500},
                                                                        {"1000", 1000},
                                                                        {"2500", 2500},
                                                                        {"5000", 5000},
                                                                        {"10000", 10000},
                                                                        {"30000", 30000},
                                                                        {"60000", 60000},
                                                                        {"300000", 300000},
                                                                        {"600000", 600000},
                                                                        {"1800000", 1800000},
                                                                        {"3600000", 3600000}});

}  // namespace outrigger::stats
