package org.drag4j.cli.option;

import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** The flag that keeps a picture free of texts. */
public final class MetadataOption {
  @Option(
      names = "--no-metadata",
      description =
          "Write the picture alone. Without this flag it carries the document, with the names and"
              + " paths of picture and model, and can be edited again.")
  boolean none;

  /** The texts, if any are wanted. */
  public Map<String, String> of(Supplier<Map<String, String>> texts) {
    return none ? Map.of() : texts.get();
  }
}
