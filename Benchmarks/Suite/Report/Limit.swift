import Foundation

/// What a figure has to keep to.
enum Limit: Equatable {
    case atMost(Double)
    case atLeast(Double)

    var number: Double {
        switch self {
        case .atMost(let number), .atLeast(let number): number
        }
    }

    /// What is not a number keeps to nothing.
    func isKept(by value: Double) -> Bool {
        switch self {
        case .atMost(let number): value <= number
        case .atLeast(let number): value >= number
        }
    }

    func text(_ decimals: Int, _ unit: String) -> String {
        switch self {
        case .atMost(let number): "at most \(decimal(number, decimals))\(unit)"
        case .atLeast(let number): "at least \(decimal(number, decimals))\(unit)"
        }
    }
}

func decimal(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
