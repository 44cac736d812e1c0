package org.drag4j.kernels.cuda.driver;

import java.util.Optional;

/**
 * What a library answers when it is asked for an operation.
 *
 * @param <P> the operation, ready to be enqueued
 */
public sealed interface Offer<P> {
  /** The library does it. */
  record Ready<P>(P operation) implements Offer<P> {}

  /** The library does not do it; {@code reason} continues a sentence. */
  record Refused<P>(String reason) implements Offer<P> {}

  /** What was prepared, where it was. */
  default Optional<P> prepared() {
    return switch (this) {
      case Ready<P>(var p) -> Optional.of(p);
      case Refused<P> _ -> Optional.empty();
    };
  }
}
