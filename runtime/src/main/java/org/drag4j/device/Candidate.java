package org.drag4j.device;

/**
 * One way to compute a node.
 *
 * @param provider who wrote it: {@link #OWN}, {@code cudnn}
 * @param variant which of the provider's ways; empty where it has one only
 * @param kernel what does it
 */
public record Candidate(String provider, String variant, Kernel kernel) {
  /** The provider of the kernels of this repository. */
  public static final String OWN = "own";

  /** A kernel of this repository. */
  public static Candidate own(String variant, Kernel kernel) {
    return new Candidate(OWN, variant, kernel);
  }

  /** The name by which it is forced, listed and tuned: {@code winograd_f4}, {@code cudnn}. */
  public String name() {
    if (provider.equals(OWN)) {
      return variant;
    }
    return variant.isEmpty() ? provider : provider + "_" + variant;
  }

  /** Whether its rounding is coarser than a plain evaluation's. */
  public boolean approximate() {
    return kernel.approximate();
  }

  /** Scratch memory it needs, in bytes. */
  public long workspaceBytes() {
    return kernel.workspaceBytes();
  }

  /** The same way, its work done by another kernel. */
  public Candidate with(Kernel other) {
    return new Candidate(provider, variant, other);
  }
}
