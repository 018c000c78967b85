namespace Coxswain.Api;

/// <summary>How a <see cref="Quantity"/> is written: with decimal suffixes (12M), binary ones (12Mi) or an exponent (12e6).</summary>
public enum QuantityFormat
{
    DecimalSI,
    BinarySI,
    DecimalExponent,
}
