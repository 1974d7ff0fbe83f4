#include "base/element.h"

namespace vamana {

std::string_view element_name(Element element) {
  switch (element) {
    case Element::kF32:
      return "f32";
    case Element::kF16:
      return "f16";
    case Element::kU8:
      return "u8";
    case Element::kI8:
      return "i8";
  }
  return "unknown";
}

std::string_view metric_name(Metric metric) {
  switch (metric) {
    case Metric::kL2:
      return "l2";
    case Metric::kCosine:
      return "cosine";
    case Metric::kDot:
      return "dot";
    case Metric::kL1:
      return "l1";
  }
  return "unknown";
}

}  // namespace vamana
