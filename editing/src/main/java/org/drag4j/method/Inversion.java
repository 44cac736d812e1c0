package org.drag4j.method;

import java.util.List;
import org.drag4j.pipeline.SiteBank;

/**
 * What an inversion leaves for the way back. It depends on the picture and on how it is inverted,
 * not on the regions, so a second edit of the picture can use it again. Nothing of it is ever
 * changed.
 *
 * @param states the latents visited, cleanest first
 * @param noise stored by the way out, one a step; empty where that draws none
 * @param bank the keys and values of every step
 */
public record Inversion(List<float[]> states, List<float[]> noise, SiteBank bank) {
  public Inversion {
    states = List.copyOf(states);
    noise = List.copyOf(noise);
  }

  /** Bytes of memory it takes. */
  public long bytes() {
    long floats = 0;
    for (var latent : states) {
      floats += latent.length;
    }
    for (var latent : noise) {
      floats += latent.length;
    }
    return Float.BYTES * floats + bank.bytes();
  }
}
