#include "source/http/access_time.h"

#include "absl/time/civil_time.h"
#include "source/base/text.h"

namespace outrigger::http {
namespace {

struct NamedMoment {
  std::string_view name;
  Moment moment;
};

constexpr NamedMoment kMoments[] = {
    {"DS_RX_BEG", &StreamSummary::start},
    {"DS_RX_END", &StreamSummary::request_end},
    {"US_TX_BEG", &StreamSummary::upstream_first_sent},
    {"US_TX_END", &StreamSummary::upstream_last_sent},
    {"US_RX_BEG", &StreamSummary::upstream_first_received},
    {"US_RX_END", &StreamSummary::upstream_last_received},
    {"DS_TX_BEG", &StreamSummary::downstream_first_sent},
    {"DS_TX_END", &StreamSummary::end},
};

void PutDigits(char* to, int width, int64_t number) {
  for (int i = width - 1; i >= 0; --i, number /= 10) to[i] = static_cast<char>('0' + number % 10);
}

// What nearly every log line prints; absl::FormatTime takes ten times as long.
void AppendDefault(absl::Time time, std::string& out) {
  const absl::TimeZone::CivilInfo utc = absl::UTCTimeZone().At(time);
  char text[] = "0000-00-00T00:00:00.000Z";
  PutDigits(text, 4, utc.cs.year());
  PutDigits(text + 5, 2, utc.cs.month());
  PutDigits(text + 8, 2, utc.cs.day());
  PutDigits(text + 11, 2, utc.cs.hour());
  PutDigits(text + 14, 2, utc.cs.minute());
  PutDigits(text + 17, 2, utc.cs.second());
  PutDigits(text + 20, 3, utc.subsecond / absl::Milliseconds(1));
  out.append(text, sizeof(text) - 1);
}

void AppendFraction(absl::Time time, int digits, std::string& out) {
  const absl::Duration fraction = absl::UTCTimeZone().At(time).subsecond;
  char text[9];
  PutDigits(text, 9, fraction / absl::Nanoseconds(1));
  out.append(text, static_cast<size_t>(digits));
}

}  // namespace

absl::StatusOr<TimeFormat> TimeFormat::Parse(std::string_view format) {
  TimeFormat result;
  std::string text;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    if (++i == format.size()) {
      return base::InvalidArgument("time format \"", format,
                                   "\": ends in '%'; write %% for a percent sign");
    }
    int digits = 9;
    size_t at = i;
    if (format[at] >= '1' && format[at] <= '9') digits = format[at++] - '0';
    if (at < format.size() && format[at] == 'f') {
      result.parts_.push_back({std::move(text), digits});
      text.clear();
      i = at;
      continue;
    }
    text += '%';
    text += format[i];
  }
  if (!text.empty() || result.parts_.empty()) result.parts_.push_back({std::move(text), 0});
  return result;
}

void TimeFormat::Append(absl::Time time, std::string& out) const {
  if (parts_.empty()) return AppendDefault(time, out);
  for (const Part& part : parts_) {
    if (!part.format.empty()) out += absl::FormatTime(part.format, time, absl::UTCTimeZone());
    if (part.fraction_digits != 0) AppendFraction(time, part.fraction_digits, out);
  }
}

std::optional<Moment> FindMoment(std::string_view name) {
  for (const NamedMoment& known : kMoments) {
    if (known.name == name) return known.moment;
  }
  return std::nullopt;
}

std::optional<base::Nanoseconds> Between(const StreamSummary& summary, Moment from, Moment to) {
  const base::MonoTime begin = summary.*from;
  const base::MonoTime end = summary.*to;
  const base::MonoTime never;
  if (begin == never || end == never || end < begin) return std::nullopt;
  return end - begin;
}

}  // namespace outrigger::http
