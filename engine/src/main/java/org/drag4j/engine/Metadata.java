package org.drag4j.engine;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.drag4j.document.EditDocument;

/**
 * The texts a result carries: the document it comes from, what it was made with, and the line of
 * parameters that other programs show.
 */
public final class Metadata {
  /** Keyword of the edit document. */
  public static final String DOCUMENT = "drag-edit";

  /** Keyword of what the edit was run with. */
  public static final String RUN = "drag-run";

  /** Keyword of the line that picture viewers know, in the form AUTOMATIC1111 gave it. */
  public static final String PARAMETERS = "parameters";

  private Metadata() {}

  /** The line {@code prompt \n Negative prompt: ... \n Steps: 20, Sampler: ..., ...}. */
  public static String parameters(String prompt, String negative, Map<String, ?> values) {
    var line = new StringBuilder(prompt);
    if (!negative.isEmpty()) {
      line.append("\nNegative prompt: ").append(negative);
    }
    line.append(line.isEmpty() ? "" : "\n");
    String separator = "";
    for (var entry : values.entrySet()) {
      String value =
          entry.getValue() instanceof Double number && number == Math.rint(number)
              ? String.valueOf(number.longValue())
              : String.valueOf(entry.getValue());
      boolean quoted = value.contains(",") || value.contains(":") || value.contains("\n");
      line.append(separator)
          .append(entry.getKey())
          .append(": ")
          .append(quoted ? JsonText.of(value) : value);
      separator = ", ";
    }
    return line.toString();
  }

  /** The texts of an edited picture. */
  static Map<String, String> of(
      EditDocument document, Path model, String size, Map<String, Object> run) {
    var method = document.method();
    var values = new LinkedHashMap<String, Object>();
    values.put("Steps", method.steps());
    values.put(
        "Sampler",
        "RegionDrag " + method.variant().name().toLowerCase(Locale.ROOT).replace('_', ' '));
    values.put("CFG scale", method.guidance());
    values.put("Seed", document.seed());
    values.put("Size", size);
    values.put("Model", name(model));
    values.put("Denoising strength", method.start());
    values.put("Handle noise", method.handleNoise());
    values.put("Version", version());
    var texts = new LinkedHashMap<String, String>();
    texts.put(PARAMETERS, parameters(document.prompt(), method.negativePrompt(), values));
    texts.put(DOCUMENT, document.toJson());
    texts.put(RUN, JsonText.of(run));
    return texts;
  }

  /** The last part of a path. */
  public static String name(Path path) {
    return Optional.ofNullable(path.toAbsolutePath().normalize().getFileName())
        .map(Path::toString)
        .orElse("");
  }

  /** The name and version that the build wrote into the jar. */
  public static String version() {
    return "drag4j "
        + Optional.ofNullable(Metadata.class.getPackage().getImplementationVersion())
            .orElse("(not packaged)");
  }
}
