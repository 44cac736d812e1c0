package org.drag4j.document;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.drag4j.geometry.EditDocumentException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Values put in places of a document, as {@code --set} gives them. They go into the complete
 * document's text, which is read again: so every check of the reader holds for them.
 */
final class Assignments {
  private static final Pattern STEP = Pattern.compile("\\.?([A-Za-z0-9_]+)|\\[(\\d{1,5})]");

  private static final String NAME = "method." + EditDocumentReader.NAME;
  private static final String FAITHFUL = "method." + Settings.FAITHFUL;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxStringLength(EditDocument.MAX_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Assignments() {}

  static EditDocument apply(
      EditDocument document,
      String origin,
      List<String> assignments,
      MaskSource masks,
      MethodTable methods) {
    var tree = MAPPER.readTree(document.toJson());
    if (assignments.stream().anyMatch(one -> one.startsWith(FAITHFUL + "="))
        && tree.get("method") instanceof ObjectNode method) {
      method.remove(Settings.decided(document.method().parameters()));
    }
    for (var assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new EditDocumentException(
            origin,
            "PATH=VALUE",
            EditDocumentException.quote(assignment),
            "write for example method.steps=30");
      }
      String path = assignment.substring(0, equals);
      var value = value(assignment.substring(equals + 1));
      if (path.equals(NAME)
          && tree.get("method") instanceof ObjectNode method
          && !value.equals(method.get(EditDocumentReader.NAME))) {
        // Another method's parameters mean something else, even under the same names.
        method.removeAll();
      }
      put(origin, tree, path, value);
    }
    return EditDocument.parse(
        origin, MAPPER.writeValueAsString(tree).getBytes(StandardCharsets.UTF_8), masks, methods);
  }

  /** JSON where it is that, else the text itself. */
  private static JsonNode value(String text) {
    try {
      var value = MAPPER.readTree(text);
      return value.isMissingNode() ? MAPPER.getNodeFactory().stringNode(text) : value;
    } catch (JacksonException e) {
      return MAPPER.getNodeFactory().stringNode(text);
    }
  }

  private static void put(String origin, JsonNode root, String path, JsonNode value) {
    Matcher step = STEP.matcher(path);
    JsonNode at = root;
    int position = 0;
    while (step.find() && step.start() == position) {
      position = step.end();
      boolean last = position == path.length();
      String name = step.group(1);
      if (name != null && at instanceof ObjectNode object) {
        if (last) {
          if (EditDocumentReader.AREA.contains(name)) {
            // A region is of one kind: another one takes its place.
            object.remove(EditDocumentReader.AREA);
          }
          object.set(name, value);
          return;
        }
        // An object that is left out is there with its defaults.
        at = object.has(name) ? object.get(name) : object.putObject(name);
      } else if (name == null && at instanceof ArrayNode array) {
        int index = Integer.parseInt(step.group(2));
        if (index >= array.size()) {
          throw wrong(origin, path, "an index below " + array.size(), String.valueOf(index));
        }
        if (last) {
          array.set(index, value);
          return;
        }
        at = array.get(index);
      } else {
        throw wrong(
            origin, path, "a path of the document", "a step into a value that has no parts");
      }
    }
    throw wrong(origin, path, "names and indices like drags[0].mapping", "something else");
  }

  private static EditDocumentException wrong(
      String origin, String path, String expected, String got) {
    return new EditDocumentException(
        origin + ": " + EditDocumentException.printable(path),
        expected,
        got,
        "see --explain for the paths");
  }
}
