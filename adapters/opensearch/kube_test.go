package opensearch_test

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

func deleteNow() metav1.DeleteOptions { return metav1.DeleteOptions{} }
func createNow() metav1.CreateOptions { return metav1.CreateOptions{} }
