package org.drag4j.engine;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.Settings;

/**
 * The texts that a result carries: its document, the facts of its run, and the line of parameters
 * that other programs show.
 */
public final class Metadata {
  /** Keyword of the edit document. */
  public static final String DOCUMENT = "drag-edit";

  /** Keyword of the facts of the run: device, options, window. */
  public static final String RUN = "drag-run";

  /** Keyword of the line that picture viewers know, in the form AUTOMATIC1111 gave it. */
  public static final String PARAMETERS = "parameters";

  private static final String NEGATIVE = "Negative prompt";
  private static final String SAMPLER = "Sampler";

  /**
   * Names with which the line begins, as in other programs; an editing method's own names follow.
   */
  private static final List<String> ORDER =
      List.of("Steps", SAMPLER, "CFG scale", "Seed", "Size", "Model", "Denoising strength");

  private Metadata() {}

  /** The line {@code prompt \n Negative prompt: ... \n Steps: 20, Sampler: ..., ...}. */
  public static String parameters(String prompt, String negative, Map<String, ?> values) {
    var line = new StringBuilder(prompt);
    if (!negative.isEmpty()) {
      line.append("\n" + NEGATIVE + ": ").append(negative);
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
    var method = document.method().parameters();
    var labelled = new LinkedHashMap<>(Settings.labelled(method));
    String negative = labelled.remove(NEGATIVE) instanceof String text ? text : "";
    String sampler =
        labelled.containsKey(SAMPLER)
            ? " " + String.valueOf(labelled.get(SAMPLER)).replace('-', ' ')
            : "";
    labelled.put(SAMPLER, method.getClass().getSimpleName() + sampler);
    labelled.put("Seed", document.seed());
    labelled.put("Size", size);
    labelled.put("Model", name(model));
    var values = new LinkedHashMap<String, Object>();
    for (var label : ORDER) {
      Optional.ofNullable(labelled.remove(label)).ifPresent(value -> values.put(label, value));
    }
    values.putAll(labelled);
    values.put("Version", version());
    var texts = new LinkedHashMap<String, String>();
    texts.put(PARAMETERS, parameters(document.prompt(), negative, values));
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
