package org.drag4j.study;

import java.util.Locale;

/** What can be timed; prints as the command line spells it. */
public enum BenchTarget {
  /** One call of the denoiser. */
  UNET,
  /** Picture to moments. */
  VAE_ENCODE,
  /** Latent to picture. */
  VAE_DECODE,
  /** A whole edit by the default method, from picture to picture, weights packed anew each time. */
  EDIT,
  /** Token ids to hidden states. */
  TEXT;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
