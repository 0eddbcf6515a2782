//! What holds for every answer, however mad: one outcome, no panic.

use proptest::prelude::*;

use crate::api::classify::tests::outcome;
use crate::text;

/// Any JSON, in the sizes that matter for shapes.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        (0..70_i64).prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| n.to_string()),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        Just("\"http://a/\"".to_owned()),
        Just("\"Too many\"".to_owned()),
    ];
    let key = prop_oneof![
        Just("url"),
        Just("offer_url"),
        Just("tracking_link"),
        Just("0"),
        Just("7"),
        Just("type"),
        Just("code"),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|pairs| {
                let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", pairs.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_with_any_status_make_it_panic(bytes: Vec<u8>, prefix in "(\\{\"code\":|<html><title>|\\[)?", status: u16) {
        let mut body = prefix.into_bytes();
        body.extend(bytes);
        let text = text::decode(&body);
        if let Err(error) = outcome(status, &text) {
            prop_assert_eq!(error.http_status, Some(status));
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn any_json_at_any_field_gives_one_outcome(
        field in 0..8_usize, value in any_json(), status in prop_oneof![Just(200_u16), 100..600_u16],
    ) {
        let template = [
            "@",
            r#"{"code":@,"message":"m","data":{"tracking_link":{"url":"http://a/"}}}"#,
            r#"{"code":0,"message":@}"#,
            r#"{"code":0,"data":@}"#,
            r#"{"code":0,"data":{"tracking_link":@}}"#,
            r#"{"code":0,"data":{"tracking_link":{"url":@}}}"#,
            r#"{"code":0,"data":{"tracking_link":{"url":"http://a/","offer_url":@}}}"#,
            r#"{"code":0,"data":{"tracking_link":{"offer_url":[{"type":@,"name":@,"tracking_link":@,"preview_url":@}]}}}"#,
        ][field];
        let result = outcome(status, &template.replace('@', &value));
        prop_assert_eq!(&result, &outcome(status, &template.replace('@', &value)));
        if !(200..300).contains(&status) {
            prop_assert!(result.is_err());
        }
        if field == 6 && status == 200 {
            prop_assert!(result.is_ok());
        }
    }
}
